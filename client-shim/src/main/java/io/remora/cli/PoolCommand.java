// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.client.AdminClient;
import io.remora.client.ConfiguredSettings;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.Surroundings;
import io.remora.command.RemoraCommand;
import io.remora.json.Json;
import io.remora.v1.DeviceMode;
import io.remora.v1.KnownMember;
import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import io.remora.v1.MembersReply;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code remora pool}: the members of a pool, as one of them knows them. */
@Command(
    name = "pool",
    description = "Shows the members of a pool, their devices and how they stand.",
    footer = {"", "`remora pool check FILE` reads a pool's file before it is put in place."})
public final class PoolCommand implements RemoraCommand {
  @Spec private CommandSpec spec;
  @Mixin private ConnectionOptions connection;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() throws ConnectionException {
    QuietLogs.begin();
    MembersReply reply = ask();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.of(document(reply)));
    } else {
      out.print(table(reply));
    }
    out.flush();
    boolean all = reply.getMembersList().stream().allMatch(KnownMember::getReachable);
    return all ? OK : FAILURE;
  }

  /** Asks the first member that answers. */
  private MembersReply ask() throws ConnectionException {
    ConnectionException last = null;
    for (ConnectionSettings server :
        ConfiguredSettings.ofAll(ClientSettings.of(connection.flags(), Surroundings.ofProcess()))) {
      try (AdminClient admin = AdminClient.open(server)) {
        return admin.members();
      } catch (ConnectionException e) {
        last = e;
      }
    }
    throw Objects.requireNonNull(last);
  }

  static String table(MembersReply reply) {
    TextTable table =
        new TextTable(
            "MEMBER",
            "SERVER",
            "STATE",
            "DEVICE",
            "MEMORY FREE",
            "SESSIONS",
            "BUSY",
            "QUEUE",
            "VERSION",
            "LABELS");
    for (KnownMember member : reply.getMembersList()) {
      MemberState state = member.getState();
      if (state.getDevicesCount() == 0) {
        row(table, member, null);
      }
      state.getDevicesList().forEach(device -> row(table, member, device));
    }
    String title =
        reply.getPool().isEmpty()
            ? "This server belongs to no pool."
            : "Pool '"
                + reply.getPool()
                + "', policy "
                + reply.getPolicy()
                + ", members found by "
                + reply.getDiscovery()
                + (reply.getWaiting() == 0 ? "" : ", " + reply.getWaiting() + " wait in line");
    return title + System.lineSeparator() + table;
  }

  private static void row(TextTable table, KnownMember member, @Nullable MemberDevice device) {
    MemberState state = member.getState();
    table.row(
        state.getName(),
        state.getServer(),
        standing(member, device),
        device == null ? "-" : device.getOrdinal() + " " + device.getName(),
        device == null
            ? "-"
            : Sizes.bytes(Math.max(0, device.getMemoryBytes() - device.getTakenBytes()))
                + " of "
                + Sizes.bytes(device.getMemoryBytes()),
        device == null ? "-" : device.getSessions() + "/" + device.getSessionsMax(),
        device == null ? "-" : Math.round(device.getBusy() * 100) + "%",
        device == null ? "-" : String.format(Locale.ROOT, "%.1f ms", device.getQueueNanos() / 1e6),
        state.getServerVersion().isEmpty() ? "-" : state.getServerVersion(),
        labels(state));
  }

  private static String labels(MemberState state) {
    String labels =
        state.getLabelsMap().entrySet().stream()
            .filter(each -> !each.getKey().equals("member"))
            .sorted(Map.Entry.comparingByKey())
            .map(each -> each.getKey() + "=" + each.getValue())
            .collect(Collectors.joining(","));
    return labels.isEmpty() ? "-" : labels;
  }

  private static String standing(KnownMember member, @Nullable MemberDevice device) {
    if (!member.getReachable()) {
      return "unreachable: " + member.getTrouble();
    }
    if (!member.getState().getServing()) {
      return "closed: " + member.getState().getWhyNot();
    }
    if (device == null
        || (device.getTrouble().isEmpty() && device.getMode() == DeviceMode.SERVING)) {
      return "serving";
    }
    return device.getTrouble().isEmpty()
        ? device.getMode().name().toLowerCase(Locale.ROOT)
        : "in trouble: " + device.getTrouble();
  }

  private static Map<String, Object> document(MembersReply reply) {
    List<Object> members = new ArrayList<>();
    for (KnownMember member : reply.getMembersList()) {
      MemberState state = member.getState();
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", state.getName());
      entry.put("server", state.getServer());
      entry.put("reachable", member.getReachable());
      entry.put("trouble", member.getTrouble());
      entry.put("serving", state.getServing());
      entry.put("whyNot", state.getWhyNot());
      entry.put("version", state.getServerVersion());
      entry.put("labels", Map.copyOf(state.getLabelsMap()));
      entry.put("tenantSessions", Map.copyOf(state.getTenantSessionsMap()));
      entry.put("devices", state.getDevicesList().stream().map(PoolCommand::device).toList());
      members.add(entry);
    }
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("pool", reply.getPool());
    document.put("policy", reply.getPolicy());
    document.put("discovery", reply.getDiscovery());
    document.put("waiting", reply.getWaiting());
    document.put("members", members);
    return document;
  }

  private static Map<String, Object> device(MemberDevice device) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("ordinal", device.getOrdinal());
    entry.put("name", device.getName());
    entry.put("mode", device.getMode().name().toLowerCase(Locale.ROOT));
    entry.put("trouble", device.getTrouble());
    entry.put("memoryBytes", device.getMemoryBytes());
    entry.put("takenBytes", device.getTakenBytes());
    entry.put("sessions", device.getSessions());
    entry.put("sessionsMax", device.getSessionsMax());
    entry.put("busy", device.getBusy());
    entry.put("queueNanos", device.getQueueNanos());
    return entry;
  }
}
