// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.top;

import io.remora.cli.Palette;
import io.remora.cli.Sizes;
import io.remora.cli.top.FittedTable.Cell;
import io.remora.cli.top.FittedTable.Column;
import io.remora.v1.DeviceFigures;
import io.remora.v1.DeviceMode;
import io.remora.v1.DeviceReplacements;
import io.remora.v1.DeviceState;
import io.remora.v1.Failure;
import io.remora.v1.ServerState;
import io.remora.v1.SessionOnDevice;
import io.remora.v1.SessionState;
import io.remora.v1.TenantOnDevice;
import io.remora.v1.TenantState;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A server's state as lines of text that fit a width.
 *
 * @param palette paints, or not
 * @param order how tenants and sessions are sorted
 * @param zone in which times of day are shown
 */
public record TopView(Palette palette, Order order, ZoneId zone) {
  /** Where nobody looks, nothing is cut. */
  public static final int UNLIMITED = 1000;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);

  /** Busier than this, a device has little to give. */
  private static final double FULL = 0.9;

  /** How far a tenant may be from its share before that is worth a look. */
  private static final double SHARE_TOLERANCE = 0.05;

  /** Shown where a device's hardware says something of itself. */
  private static final List<Column> HARDWARE =
      List.of(
          Column.right("TEMP", 1),
          Column.right("POWER", 1),
          Column.right("LIMIT", 0),
          Column.right("SM CLOCK", 0));

  private static final double MILLI = 1000;
  private static final int FAILURES_MAX = 5;
  private static final int PROGRAM_CHARS_MAX = 24;

  /** All lines; those of a terminal are cut below. */
  public List<String> lines(String server, ServerState state, int width) {
    List<String> lines = new ArrayList<>();
    lines.add(FittedTable.cut(title(server, state), width));
    lines.add("");
    lines.addAll(devices(state).lines(width, palette::bold));
    state.getDevicesList().stream()
        .filter(device -> device.getReplacements().getCount() > 0)
        .forEach(device -> lines.add(replacementLine(device, width)));
    if (state.getTenantsCount() > 0) {
      lines.add("");
      lines.addAll(tenants(state).lines(width, palette::bold));
    }
    if (state.getSessionsCount() > 0) {
      lines.add("");
      lines.addAll(sessions(state).lines(width, palette::bold));
    }
    List<Failure> failures = failures(state);
    if (!failures.isEmpty()) {
      lines.add("");
      lines.add(palette.bold(FittedTable.cut("LAST FAILURES", width)));
      failures.forEach(failure -> lines.add(failureLine(failure, width)));
    }
    return lines;
  }

  private String replacementLine(DeviceState device, int width) {
    DeviceReplacements replacements = device.getReplacements();
    return palette.yellow(
        FittedTable.cut(
            "device "
                + device.getOrdinal()
                + " was replaced after a fault "
                + (replacements.getCount() == 1 ? "once" : replacements.getCount() + " times")
                + ", last at "
                + time(replacements.getUnixMillis())
                + ": "
                + replacements.getSessionsKept()
                + " other sessions went on, "
                + replacements.getSessionsLost()
                + " were lost; "
                + replacements.getCause(),
            width));
  }

  private String title(String server, ServerState state) {
    return "remora "
        + state.getServerVersion()
        + " on "
        + server
        + ", up "
        + Figures.age(state.getUptimeSeconds() * 1000)
        + ", "
        + state.getSessionsCount()
        + (state.getComplete()
            ? " sessions, " + state.getRefusedSessions() + " refused"
            : " sessions of '" + state.getCaller() + "', others' are not shown")
        + ", "
        + time(state.getUnixMillis());
  }

  private String time(long unixMillis) {
    return TIME.format(Instant.ofEpochMilli(unixMillis).atZone(zone));
  }

  private FittedTable devices(ServerState state) {
    boolean hardware = state.getDevicesList().stream().anyMatch(DeviceState::hasFigures);
    List<Column> columns =
        new ArrayList<>(
            List.of(
                Column.left("DEVICE", 10),
                Column.left("BUSY", 3),
                Column.right("", 9),
                Column.right("MEMORY", 7),
                Column.right("OF", 4),
                Column.right("WORKS/S", 6),
                Column.right("QUEUED", 5),
                Column.right("RUNNING", 2),
                Column.right("SESSIONS", 4),
                Column.left("STATE", 8)));
    if (hardware) {
      columns.addAll(HARDWARE);
    }
    FittedTable table = new FittedTable(columns);
    for (DeviceState device : state.getDevicesList()) {
      UnaryOperator<String> load =
          device.getBusy() > FULL ? palette::yellow : UnaryOperator.identity();
      List<Cell> cells = new ArrayList<>();
      cells.addAll(
          List.of(
              Cell.of(device.getOrdinal() + " " + device.getName()),
              new Cell(Figures.bar(device.getBusy()), load),
              new Cell(Figures.percent(device.getBusy()), load),
              Cell.of(Sizes.bytes(device.getMemoryUsedBytes())),
              Cell.of(Sizes.bytes(device.getMemoryBytes())),
              Cell.of(Figures.rate(device.getWorksPerSecond())),
              Cell.of(Sizes.count(device.getPending())),
              Cell.of(Sizes.count(device.getInFlight())),
              Cell.of(Sizes.count(device.getSessions())),
              new Cell(
                  device.getTrouble().isEmpty()
                      ? device.getMode().name().toLowerCase(Locale.ROOT)
                      : "in trouble: " + device.getTrouble(),
                  device.getMode() == DeviceMode.SERVING && device.getTrouble().isEmpty()
                      ? palette::green
                      : palette::yellow)));
      if (hardware) {
        cells.addAll(hardware(device.getFigures()));
      }
      table.row(cells);
    }
    return table;
  }

  private static List<Cell> hardware(DeviceFigures figures) {
    return texts(
        Figures.quantity(figures.hasTemperatureCelsius(), figures.getTemperatureCelsius(), "°C"),
        Figures.quantity(figures.hasPowerMilliwatts(), figures.getPowerMilliwatts() / MILLI, "W"),
        Figures.quantity(
            figures.hasEnforcedPowerLimitMilliwatts(),
            figures.getEnforcedPowerLimitMilliwatts() / MILLI,
            "W"),
        Figures.quantity(figures.hasSmClockMegahertz(), figures.getSmClockMegahertz(), "MHz"));
  }

  private FittedTable tenants(ServerState state) {
    FittedTable table =
        new FittedTable(
            Column.left("TENANT", 20),
            Column.right("WEIGHT", 11),
            Column.left("CLASS", 6),
            Column.right("SESSIONS", 9),
            Column.right("DEV", state.getDevicesCount() > 1 ? 17 : 0),
            Column.right("ASKED", 18),
            Column.right("GOT", 19),
            Column.right("BUSY", 7),
            Column.right("WAIT P50", 12),
            Column.right("P99", 13),
            Column.right("RUN P50", 8),
            Column.right("P99", 5),
            Column.right("MEMORY", 16),
            Column.right("QUOTA", 10),
            Column.right("CALLS/S", 15),
            Column.right("WAITS/S", 14),
            Column.right("UP/S", 4),
            Column.right("DOWN/S", 3),
            Column.right("FAILED", 2));
    state.getTenantsList().stream()
        .sorted(order.tenants())
        .forEach(tenant -> addTenant(table, tenant));
    return table;
  }

  private void addTenant(FittedTable table, TenantState tenant) {
    List<TenantOnDevice> devices =
        tenant.getDevicesCount() == 0
            ? List.of(TenantOnDevice.getDefaultInstance())
            : tenant.getDevicesList();
    boolean first = true;
    for (TenantOnDevice device : devices) {
      List<Cell> cells = new ArrayList<>();
      cells.addAll(
          first
              ? texts(
                  tenant.getName(),
                  tenant.getWeight() == 0 ? "-" : Integer.toString(tenant.getWeight()),
                  tenant.getTenantClass(),
                  tenant.getSessions() + "/" + tenant.getSessionsMax())
              : texts("", "", "", ""));
      cells.addAll(onDevice(tenant, device));
      cells.addAll(
          first
              ? texts(
                  Sizes.bytes(tenant.getMemoryUsedBytes()),
                  Sizes.bytes(tenant.getMemoryQuotaBytes()),
                  Figures.rate(tenant.getTraffic().getCallsPerSecond()),
                  Figures.rate(tenant.getTraffic().getWaitsPerSecond()),
                  Sizes.bytes(tenant.getTraffic().getBytesUpPerSecond()),
                  Sizes.bytes(tenant.getTraffic().getBytesDownPerSecond()))
              : texts("", "", "", "", "", ""));
      cells.add(
          first
              ? new Cell(
                  Sizes.count(tenant.getFailures()),
                  tenant.getFaults() > 0 ? palette::red : UnaryOperator.identity())
              : Cell.of(""));
      table.row(cells);
      first = false;
    }
  }

  private List<Cell> onDevice(TenantState tenant, TenantOnDevice device) {
    boolean wronged =
        device.getPending() > 0 && device.getShareGot() < device.getShareAsked() - SHARE_TOLERANCE;
    List<Cell> cells = new ArrayList<>();
    cells.addAll(
        texts(
            tenant.getDevicesCount() == 0 ? "" : Integer.toString(device.getOrdinal()),
            Figures.share(device.getShareAsked(), device.getShareAsked())));
    cells.add(
        new Cell(
            Figures.share(device.getShareAsked(), device.getShareGot()),
            wronged ? palette::yellow : UnaryOperator.identity()));
    cells.addAll(
        texts(
            Figures.percent(device.getBusy()),
            Figures.nanos(device.getQueueP50Nanos()),
            Figures.nanos(device.getQueueP99Nanos()),
            Figures.nanos(device.getRunP50Nanos()),
            Figures.nanos(device.getRunP99Nanos())));
    return cells;
  }

  private static List<Cell> texts(String... texts) {
    return Stream.of(texts).map(Cell::of).toList();
  }

  /** The table of sessions alone, for {@code remora session list}. */
  public List<String> sessionLines(ServerState state, int width) {
    return sessions(state).lines(width, palette::bold);
  }

  private FittedTable sessions(ServerState state) {
    FittedTable table =
        new FittedTable(
            Column.left("SESSION", 20),
            Column.left("TENANT", 16),
            Column.left("PROGRAM", 14),
            Column.right("PID", 8),
            Column.left("FROM", 7),
            Column.right("AGE", 6),
            Column.right("BUSY", 15),
            Column.right("QUEUED", 10),
            Column.right("MEMORY", 13),
            Column.right("CALLS/S", 12),
            Column.right("WAITS/S", 11),
            Column.right("UP/S", 5),
            Column.right("DOWN/S", 4),
            Column.left("LAST FAILURE", 9));
    state.getSessionsList().stream()
        .sorted(order.sessions())
        .forEach(session -> table.row(session(state, session)));
    return table;
  }

  /** Where a session's client is, or how long it has been gone. */
  private static String peer(ServerState state, SessionState session) {
    long since = session.getDetachedUnixMillis();
    return since == 0
        ? session.getPeer()
        : "detached for " + Figures.age(Math.max(0, state.getUnixMillis() - since));
  }

  private List<Cell> session(ServerState state, SessionState session) {
    List<Cell> cells = new ArrayList<>();
    cells.addAll(
        texts(
            session.getId(),
            session.getTenant(),
            program(session.getProgram()),
            Long.toString(session.getProcessId()),
            peer(state, session),
            Figures.age(state.getUnixMillis() - session.getOpenedUnixMillis()),
            Figures.percent(Order.busy(session)),
            Sizes.count(
                session.getDevicesList().stream().mapToLong(SessionOnDevice::getPending).sum()),
            Sizes.bytes(session.getMemoryBytes()),
            Figures.rate(session.getTraffic().getCallsPerSecond()),
            Figures.rate(session.getTraffic().getWaitsPerSecond()),
            Sizes.bytes(session.getTraffic().getBytesUpPerSecond()),
            Sizes.bytes(session.getTraffic().getBytesDownPerSecond())));
    Failure failure = session.getLastFailure();
    cells.add(
        session.hasLastFailure()
            ? new Cell(
                failure.getResultName().replace("CUDA_ERROR_", ""),
                failure.getFault() ? palette::red : palette::yellow)
            : Cell.of(""));
    return cells;
  }

  /** The last part of a path is enough. */
  private static String program(String program) {
    return FittedTable.cut(program.substring(program.lastIndexOf('/') + 1), PROGRAM_CHARS_MAX);
  }

  private static List<Failure> failures(ServerState state) {
    return Stream.concat(
            state.getSessionsList().stream()
                .filter(SessionState::hasLastFailure)
                .map(SessionState::getLastFailure),
            state.getTenantsList().stream()
                .filter(TenantState::hasLastFailure)
                .map(TenantState::getLastFailure))
        .filter(Objects::nonNull)
        .distinct()
        .sorted(Comparator.comparingLong(Failure::getUnixMillis).reversed())
        .limit(FAILURES_MAX)
        .collect(Collectors.toList());
  }

  private String failureLine(Failure failure, int width) {
    String text =
        time(failure.getUnixMillis())
            + "  "
            + failure.getTenant()
            + "  session "
            + failure.getSession()
            + "  "
            + failure.getWhat()
            + ": "
            + failure.getResultName()
            + (failure.getCause().isEmpty() ? "" : ", " + failure.getCause());
    String cut = FittedTable.cut(text, width);
    return failure.getFault() ? palette.red(cut) : palette.yellow(cut);
  }
}
