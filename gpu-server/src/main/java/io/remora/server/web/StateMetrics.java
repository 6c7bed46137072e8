// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.remora.server.queue.TimeHistogram;
import io.remora.v1.DeviceFigures;
import io.remora.v1.DeviceMode;
import io.remora.v1.DeviceState;
import io.remora.v1.ServerState;
import io.remora.v1.TenantOnDevice;
import io.remora.v1.TenantState;
import io.remora.v1.Times;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * The state of a server as metrics: their names, units and labels. Labels are tenants and devices,
 * both of which the operator names; sessions and kernels are none, because clients would decide how
 * many series there are.
 */
final class StateMetrics {
  private final ServerState state;
  private final List<MetricSnapshot> metrics = new ArrayList<>();

  private StateMetrics(ServerState state) {
    this.state = state;
  }

  static List<MetricSnapshot> of(ServerState state) {
    StateMetrics made = new StateMetrics(state);
    made.addServer();
    made.addDevices();
    made.addHardware();
    made.addTenants();
    made.addTenantsOnDevices();
    return made.metrics;
  }

  private void addServer() {
    metrics.add(
        InfoSnapshot.builder()
            .name("remora_build")
            .help("The server's version.")
            .dataPoint(
                InfoDataPointSnapshot.builder()
                    .labels(Labels.of("version", state.getServerVersion()))
                    .build())
            .build());
    metrics.add(
        GaugeSnapshot.builder()
            .name("remora_uptime_seconds")
            .help("Time since the server started.")
            .dataPoint(GaugeDataPointSnapshot.builder().value(state.getUptimeSeconds()).build())
            .build());
    if (state.getComplete()) {
      metrics.add(
          CounterSnapshot.builder()
              .name("remora_sessions_refused")
              .help("Sessions that were not let in; the audit log says whose and why.")
              .dataPoint(
                  CounterDataPointSnapshot.builder().value(state.getRefusedSessions()).build())
              .build());
    }
  }

  private void addDevices() {
    device("remora_device_memory_bytes", "Memory of the device.", DeviceState::getMemoryBytes);
    device(
        "remora_device_memory_used_bytes",
        "Memory of the device that sessions hold.",
        DeviceState::getMemoryUsedBytes);
    device("remora_device_sessions", "Sessions that have the device.", DeviceState::getSessions);
    deviceCount(
        "remora_device_replacements",
        "How often a fault ended what the device's sessions live in, and it was replaced.",
        each -> each.getReplacements().getCount());
    deviceCount(
        "remora_sessions_kept",
        "Sessions that went on after such a fault of another.",
        each -> each.getReplacements().getSessionsKept());
    deviceCount(
        "remora_sessions_lost",
        "Sessions that could not go on after such a fault of another.",
        each -> each.getReplacements().getSessionsLost());
    device(
        "remora_device_serving",
        "1 if new sessions get the device, 0 if it is drained or in trouble.",
        each -> each.getMode() == DeviceMode.SERVING && each.getTrouble().isEmpty() ? 1 : 0);
  }

  private void device(String name, String help, ToDoubleFunction<DeviceState> value) {
    metrics.add(gauge(name, help, state.getDevicesList(), value));
  }

  private static GaugeSnapshot gauge(
      String name, String help, List<DeviceState> devices, ToDoubleFunction<DeviceState> value) {
    GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
    for (DeviceState each : devices) {
      gauge.dataPoint(
          GaugeDataPointSnapshot.builder()
              .labels(labels(each))
              .value(value.applyAsDouble(each))
              .build());
    }
    return gauge.build();
  }

  private void addHardware() {
    figure(
        "remora_device_temperature_celsius",
        "Temperature of the GPU's die.",
        DeviceFigures::hasTemperatureCelsius,
        DeviceFigures::getTemperatureCelsius);
    figure(
        "remora_device_power_watts",
        "Power that the card draws.",
        DeviceFigures::hasPowerMilliwatts,
        each -> each.getPowerMilliwatts() / 1e3);
    figure(
        "remora_device_power_limit_watts",
        "Power that the card may draw now.",
        DeviceFigures::hasEnforcedPowerLimitMilliwatts,
        each -> each.getEnforcedPowerLimitMilliwatts() / 1e3);
    figure(
        "remora_device_utilization_ratio",
        "Part of the time in which a kernel ran, also of programs that Remora doesn't serve.",
        DeviceFigures::hasGpuPercent,
        each -> each.getGpuPercent() / 1e2);
    figure(
        "remora_device_memory_utilization_ratio",
        "Part of the time in which the device's memory was read or written.",
        DeviceFigures::hasMemoryPercent,
        each -> each.getMemoryPercent() / 1e2);
    figure(
        "remora_device_sm_clock_hertz",
        "Clock of the multiprocessors.",
        DeviceFigures::hasSmClockMegahertz,
        each -> each.getSmClockMegahertz() * 1e6);
    figure(
        "remora_device_memory_clock_hertz",
        "Clock of the memory.",
        DeviceFigures::hasMemoryClockMegahertz,
        each -> each.getMemoryClockMegahertz() * 1e6);
    figure(
        "remora_device_fan_ratio",
        "Speed that the fan is meant to have, of its maximum.",
        DeviceFigures::hasFanPercent,
        each -> each.getFanPercent() / 1e2);
  }

  /** A series for each device whose hardware tells the figure. */
  private void figure(
      String name,
      String help,
      Predicate<DeviceFigures> has,
      ToDoubleFunction<DeviceFigures> value) {
    List<DeviceState> devices =
        state.getDevicesList().stream().filter(each -> has.test(each.getFigures())).toList();
    if (!devices.isEmpty()) {
      metrics.add(gauge(name, help, devices, each -> value.applyAsDouble(each.getFigures())));
    }
  }

  private void deviceCount(String name, String help, ToDoubleFunction<DeviceState> value) {
    CounterSnapshot.Builder counter = CounterSnapshot.builder().name(name).help(help);
    for (DeviceState each : state.getDevicesList()) {
      counter.dataPoint(
          CounterDataPointSnapshot.builder()
              .labels(labels(each))
              .value(value.applyAsDouble(each))
              .build());
    }
    metrics.add(counter.build());
  }

  private void addTenants() {
    tenant("remora_sessions", "Sessions of the tenant.", TenantState::getSessions);
    tenant("remora_tenant_weight", "Weight of the tenant.", TenantState::getWeight);
    tenant(
        "remora_tenant_memory_used_bytes",
        "Device memory that the tenant's sessions hold.",
        TenantState::getMemoryUsedBytes);
    tenant(
        "remora_tenant_memory_quota_bytes",
        "Device memory that the tenant's sessions may hold together.",
        TenantState::getMemoryQuotaBytes);
    count("remora_calls", "Calls carried out.", each -> each.getTraffic().getCalls());
    count(
        "remora_call_waits",
        "Calls for whose answer the client waited.",
        each -> each.getTraffic().getWaits());
    count(
        "remora_received_bytes",
        "Bytes of frames from clients.",
        each -> each.getTraffic().getBytesUp());
    count(
        "remora_sent_bytes",
        "Bytes of frames to clients.",
        each -> each.getTraffic().getBytesDown());
    count("remora_call_failures", "Calls that failed.", TenantState::getFailures);
    count(
        "remora_faults",
        "Sessions that had a fault, after which all their work fails.",
        TenantState::getFaults);
  }

  private void tenant(String name, String help, ToDoubleFunction<TenantState> value) {
    GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
    for (TenantState each : state.getTenantsList()) {
      gauge.dataPoint(
          GaugeDataPointSnapshot.builder()
              .labels(Labels.of("tenant", each.getName()))
              .value(value.applyAsDouble(each))
              .build());
    }
    metrics.add(gauge.build());
  }

  private void count(String name, String help, ToDoubleFunction<TenantState> value) {
    CounterSnapshot.Builder counter = CounterSnapshot.builder().name(name).help(help);
    for (TenantState each : state.getTenantsList()) {
      counter.dataPoint(
          CounterDataPointSnapshot.builder()
              .labels(Labels.of("tenant", each.getName()))
              .value(value.applyAsDouble(each))
              .build());
    }
    metrics.add(counter.build());
  }

  private void addTenantsOnDevices() {
    CounterSnapshot.Builder works =
        CounterSnapshot.builder()
            .name("remora_works")
            .help("Works given to the device, those too that take no device time.");
    GaugeSnapshot.Builder pending =
        GaugeSnapshot.builder()
            .name("remora_pending_works")
            .help("Works that wait in the device's queue.");
    GaugeSnapshot.Builder inFlight =
        GaugeSnapshot.builder().name("remora_in_flight_works").help("Works that the device has.");
    for (TenantState tenant : state.getTenantsList()) {
      for (TenantOnDevice each : tenant.getDevicesList()) {
        Labels labels = labels(tenant, each);
        works.dataPoint(
            CounterDataPointSnapshot.builder().labels(labels).value(each.getWorks()).build());
        pending.dataPoint(
            GaugeDataPointSnapshot.builder().labels(labels).value(each.getPending()).build());
        inFlight.dataPoint(
            GaugeDataPointSnapshot.builder().labels(labels).value(each.getInFlight()).build());
      }
    }
    metrics.addAll(List.of(works.build(), pending.build(), inFlight.build()));
    times(
        "remora_queue_time_seconds",
        "How long works that need the device waited in its queue.",
        TenantOnDevice::getQueueTimes);
    times(
        "remora_run_time_seconds",
        "Device time of works that have ended; the sum is what shares are measured by.",
        TenantOnDevice::getRunTimes);
  }

  private void times(String name, String help, Function<TenantOnDevice, Times> times) {
    HistogramSnapshot.Builder histogram = HistogramSnapshot.builder().name(name).help(help);
    for (TenantState tenant : state.getTenantsList()) {
      for (TenantOnDevice each : tenant.getDevicesList()) {
        Times counted = times.apply(each);
        histogram.dataPoint(
            HistogramDataPointSnapshot.builder()
                .labels(labels(tenant, each))
                .classicHistogramBuckets(buckets(counted))
                .sum(counted.getSumNanos() / 1e9)
                .build());
      }
    }
    metrics.add(histogram.build());
  }

  private static ClassicHistogramBuckets buckets(Times times) {
    ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
    for (int i = 0; i < times.getCountsCount(); i++) {
      long bound = TimeHistogram.boundNanos(i);
      buckets.bucket(
          bound == Long.MAX_VALUE ? Double.POSITIVE_INFINITY : bound / 1e9, times.getCounts(i));
    }
    return buckets.build();
  }

  private static Labels labels(DeviceState device) {
    return Labels.of(
        "device", Integer.toString(device.getOrdinal()), "device_name", device.getName());
  }

  private static Labels labels(TenantState tenant, TenantOnDevice device) {
    return Labels.of("device", Integer.toString(device.getOrdinal()), "tenant", tenant.getName());
  }
}
