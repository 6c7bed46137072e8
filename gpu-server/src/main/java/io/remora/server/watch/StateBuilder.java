// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.metrics.DeviceReading;
import io.remora.server.metrics.Failure;
import io.remora.server.metrics.Replacements;
import io.remora.server.metrics.Traffic;
import io.remora.server.queue.TenantReading;
import io.remora.server.queue.TimeHistogram;
import io.remora.server.tenant.Tenant;
import io.remora.v1.CUresult;
import io.remora.v1.DeviceFigures;
import io.remora.v1.DeviceMode;
import io.remora.v1.DeviceReplacements;
import io.remora.v1.DeviceState;
import io.remora.v1.ServerState;
import io.remora.v1.SessionOnDevice;
import io.remora.v1.SessionState;
import io.remora.v1.TenantOnDevice;
import io.remora.v1.TenantState;
import io.remora.v1.Times;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the state of a server from its counters now, a second ago and ten seconds ago. */
final class StateBuilder {
  private static final double MEDIAN = 0.5;
  private static final double NEARLY_ALL = 0.99;

  private final Machine machine;
  private final DeviceModes modes;
  private final Reading now;
  private final Reading last;
  private final Reading oldest;
  private final double seconds;
  private final Map<String, Reading.OfSession> sessionsBefore = new HashMap<>();

  StateBuilder(Machine machine, DeviceModes modes, Reading now, Reading last, Reading oldest) {
    this.machine = machine;
    this.modes = modes;
    this.now = now;
    this.last = last;
    this.oldest = oldest;
    long span = now.nanos() - last.nanos();
    // Of the first look nothing is known by the second.
    this.seconds = span <= 0 ? Double.POSITIVE_INFINITY : span / 1e9;
    last.sessions().forEach(each -> sessionsBefore.put(each.session().id(), each));
  }

  ServerState build() {
    ServerState.Builder state =
        ServerState.newBuilder()
            .setUnixMillis(now.millis())
            .setComplete(true)
            .setDrained(modes.isServerDrained())
            .setRefusedSessions(now.refused());
    List<Shares> shares = new ArrayList<>();
    for (DeviceDescription device : machine.devices()) {
      Shares share = Shares.between(last, now, device.ordinal());
      shares.add(share);
      state.addDevices(device(device, share));
    }
    Map<String, Optional<Tenant>> tenants = new TreeMap<>();
    now.sessions().forEach(each -> tenants.put(each.session().tenant(), Optional.empty()));
    now.tenants().forEach(tenant -> tenants.put(tenant.name(), Optional.of(tenant)));
    tenants.forEach((name, tenant) -> state.addTenants(tenant(name, tenant, shares)));
    now.sessions().forEach(each -> state.addSessions(session(each)));
    return state.build();
  }

  private DeviceState device(DeviceDescription device, Shares shares) {
    int ordinal = device.ordinal();
    List<DeviceReading> sessions =
        now.sessions().stream()
            .flatMap(each -> each.devices().stream())
            .filter(each -> each.ordinal() == ordinal)
            .toList();
    long run = 0;
    long works = 0;
    int pending = 0;
    int inFlight = 0;
    for (TenantReading reading : now.devices().get(ordinal).values()) {
      run += reading.use().deviceNanos();
      works += reading.use().works();
      pending += reading.pending();
      inFlight += reading.inFlight();
    }
    long worksBefore =
        last.devices().get(ordinal).values().stream().mapToLong(each -> each.use().works()).sum();
    DeviceState.Builder built = DeviceState.newBuilder();
    DeviceFigures figures = Figures.message(machine.figures(ordinal));
    if (!figures.equals(DeviceFigures.getDefaultInstance())) {
      built.setFigures(figures);
    }
    return built
        .setReplacements(replacements(machine.replacements(ordinal)))
        .setOrdinal(ordinal)
        .setName(device.name())
        .setPciBusId(device.pciBusId())
        .setKind(machine.kind())
        .setMode(mode(ordinal, sessions.size()))
        .setTrouble(modes.whyTroubled(ordinal))
        .setMemoryBytes(device.totalMemoryBytes())
        .setMemoryUsedBytes(sessions.stream().mapToLong(DeviceReading::memoryBytes).sum())
        .setSessions(sessions.size())
        .setBusy(shares.busy())
        .setWorksPerSecond((works - worksBefore) / seconds)
        .setRunNanos(run)
        .setWorks(works)
        .setPending(pending)
        .setInFlight(inFlight)
        .build();
  }

  private DeviceReplacements replacements(Replacements.Reading reading) {
    DeviceReplacements.Builder built =
        DeviceReplacements.newBuilder()
            .setCount(reading.count())
            .setSessionsKept(reading.kept())
            .setSessionsLost(reading.lost());
    if (reading.count() > 0) {
      built
          .setCause(reading.cause())
          .setUnixMillis(now.millis() - (now.nanos() - reading.atNanos()) / 1_000_000);
    }
    return built.build();
  }

  private DeviceMode mode(int ordinal, int sessions) {
    if (!modes.isDrained(ordinal)) {
      return DeviceMode.SERVING;
    }
    return sessions == 0 ? DeviceMode.DRAINED : DeviceMode.DRAINING;
  }

  private TenantState tenant(String name, Optional<Tenant> tenant, List<Shares> shares) {
    Reading.Memory memory = now.memory().getOrDefault(name, new Reading.Memory(0, 0));
    Traffic traffic = now.traffic().getOrDefault(name, Traffic.NONE);
    TenantState.Builder built =
        TenantState.newBuilder()
            .setName(name)
            .setWeight(tenant.map(Tenant::weight).orElse(0))
            .setTenantClass(
                tenant
                    .map(each -> each.tenantClass().name().toLowerCase(Locale.ROOT))
                    .orElse("removed"))
            .setSessions(
                (int)
                    now.sessions().stream()
                        .filter(each -> each.session().tenant().equals(name))
                        .count())
            .setSessionsMax(tenant.map(Tenant::sessionsMax).orElse(0))
            .setMemoryUsedBytes(memory.usedBytes())
            .setMemoryQuotaBytes(memory.quotaBytes())
            .setTraffic(traffic(traffic, last.traffic().getOrDefault(name, Traffic.NONE)))
            .setFailures(traffic.failures())
            .setFaults(traffic.faults());
    for (int ordinal = 0; ordinal < shares.size(); ordinal++) {
      TenantReading reading = now.devices().get(ordinal).get(name);
      if (reading != null) {
        built.addDevices(onDevice(ordinal, name, reading, shares.get(ordinal).of(name)));
      }
    }
    lastFailure(name).ifPresent(built::setLastFailure);
    return built.build();
  }

  private Optional<io.remora.v1.Failure> lastFailure(String tenant) {
    return now.sessions().stream()
        .filter(each -> each.session().tenant().equals(tenant) && each.lastFailure() != null)
        .max(Comparator.comparingLong(each -> Objects.requireNonNull(each.lastFailure()).atNanos()))
        .map(each -> failure(each.session(), Objects.requireNonNull(each.lastFailure())));
  }

  private TenantOnDevice onDevice(
      int ordinal, String name, TenantReading reading, Shares.OfTenant share) {
    TenantReading before = last.devices().get(ordinal).get(name);
    TenantReading longBefore = oldest.devices().get(ordinal).get(name);
    TimeHistogram queue = since(reading.queueTimes(), longBefore, TenantReading::queueTimes);
    TimeHistogram run = since(reading.runTimes(), longBefore, TenantReading::runTimes);
    long works = reading.use().works() - (before == null ? 0 : before.use().works());
    return TenantOnDevice.newBuilder()
        .setOrdinal(ordinal)
        .setShareAsked(share.asked())
        .setShareGot(share.got())
        .setBusy(share.busy())
        .setWorksPerSecond(works / seconds)
        .setRunNanos(reading.use().deviceNanos())
        .setQueueNanos(reading.use().queueNanos())
        .setWorks(reading.use().works())
        .setPending(reading.pending())
        .setInFlight(reading.inFlight())
        .setQueueP50Nanos(queue.quantileNanos(MEDIAN))
        .setQueueP99Nanos(queue.quantileNanos(NEARLY_ALL))
        .setRunP50Nanos(run.quantileNanos(MEDIAN))
        .setRunP99Nanos(run.quantileNanos(NEARLY_ALL))
        .setQueueTimes(times(reading.queueTimes()))
        .setRunTimes(times(reading.runTimes()))
        .build();
  }

  private static TimeHistogram since(
      TimeHistogram now,
      @Nullable TenantReading before,
      Function<TenantReading, TimeHistogram> part) {
    return before == null ? now : now.minus(part.apply(before));
  }

  private static Times times(TimeHistogram histogram) {
    Times.Builder times = Times.newBuilder().setSumNanos(histogram.sumNanos());
    for (int bucket = 0; bucket <= TimeHistogram.BOUNDS; bucket++) {
      times.addCounts(histogram.count(bucket));
    }
    return times.build();
  }

  private SessionState session(Reading.OfSession reading) {
    LiveSession session = reading.session();
    Reading.OfSession before = sessionsBefore.get(session.id());
    SessionState.Builder built =
        SessionState.newBuilder()
            .setId(session.id())
            .setTenant(session.tenant())
            .setPeer(session.peer())
            .setProgram(session.program())
            .setProcessId(session.processId())
            .setClient(session.client())
            .setOpenedUnixMillis(session.openedMillis())
            .setMemoryBytes(reading.memoryBytes())
            .setTraffic(
                traffic(reading.traffic(), before == null ? Traffic.NONE : before.traffic()))
            .setFailures(reading.traffic().failures())
            .setResumes(reading.resumes());
    if (reading.waitedNanos() >= 0) {
      built.setDetachedUnixMillis(now.millis() - reading.waitedNanos() / 1_000_000);
    }
    for (DeviceReading device : reading.devices()) {
      built.addDevices(onDevice(device, before));
    }
    Failure failure = reading.lastFailure();
    if (failure != null) {
      built.setLastFailure(failure(session, failure));
    }
    return built.build();
  }

  private SessionOnDevice onDevice(DeviceReading device, Reading.@Nullable OfSession before) {
    DeviceReading earlier =
        before == null
            ? null
            : before.devices().stream()
                .filter(each -> each.ordinal() == device.ordinal())
                .findFirst()
                .orElse(null);
    long run = device.runNanos() - (earlier == null ? 0 : earlier.runNanos());
    long queue = device.queueNanos() - (earlier == null ? 0 : earlier.queueNanos());
    return SessionOnDevice.newBuilder()
        .setOrdinal(device.ordinal())
        .setBusy(run / 1e9 / seconds)
        .setQueueNanosPerSecond(queue / seconds)
        .setRunNanos(device.runNanos())
        .setQueueNanos(device.queueNanos())
        .setWorks(device.works())
        .setPending(device.pending())
        .setInFlight(device.inFlight())
        .setMemoryBytes(device.memoryBytes())
        .build();
  }

  private io.remora.v1.Traffic traffic(Traffic traffic, Traffic before) {
    Traffic recent = traffic.minus(before);
    return io.remora.v1.Traffic.newBuilder()
        .setCalls(traffic.calls())
        .setWaits(traffic.waits())
        .setBytesUp(traffic.bytesUp())
        .setBytesDown(traffic.bytesDown())
        .setCallsPerSecond(recent.calls() / seconds)
        .setWaitsPerSecond(recent.waits() / seconds)
        .setBytesUpPerSecond(recent.bytesUp() / seconds)
        .setBytesDownPerSecond(recent.bytesDown() / seconds)
        .build();
  }

  private io.remora.v1.Failure failure(LiveSession session, Failure failure) {
    CUresult name = CUresult.forNumber(failure.result());
    return io.remora.v1.Failure.newBuilder()
        .setUnixMillis(now.millis() - (now.nanos() - failure.atNanos()) / 1_000_000)
        .setTenant(session.tenant())
        .setSession(session.id())
        .setDevice(failure.device())
        .setWhat(failure.what())
        .setResult(failure.result())
        .setResultName(name == null ? Integer.toString(failure.result()) : name.name())
        .setCause(failure.cause())
        .setFault(failure.sticky())
        .build();
  }
}
