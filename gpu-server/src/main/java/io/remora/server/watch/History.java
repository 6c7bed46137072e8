// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.metrics.KernelTime;
import io.remora.v1.DeviceState;
import io.remora.v1.HistoryKernel;
import io.remora.v1.HistorySecond;
import io.remora.v1.HistorySlice;
import io.remora.v1.ServerState;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Who used the devices in each of the last seconds. Any thread may ask; one thread adds. */
final class History {
  private static final int SECONDS_MAX = 300;

  /** Kernels told apart in each second, of each tenant on each device. */
  private static final int KERNELS_MAX = 4;

  private final Deque<HistorySecond> seconds = new ArrayDeque<>();

  /**
   * Adds what was between two looks.
   *
   * @param kernels what ran between them, by tenant
   */
  void add(ServerState state, Reading now, Reading last, Map<String, List<KernelTime>> kernels) {
    long span = now.nanos() - last.nanos();
    HistorySecond.Builder second =
        HistorySecond.newBuilder().setUnixMillis(now.millis()).setSpanMillis(span / 1_000_000);
    for (DeviceState device : state.getDevicesList()) {
      Shares shares = Shares.between(last, now, device.getOrdinal());
      shares.tenants().entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(
              each -> {
                HistorySlice.Builder slice =
                    HistorySlice.newBuilder()
                        .setDevice(device.getOrdinal())
                        .setTenant(each.getKey())
                        .setBusy(each.getValue().busy())
                        .setShareAsked(each.getValue().asked())
                        .setShareGot(each.getValue().got());
                addKernels(
                    slice,
                    kernels.getOrDefault(each.getKey(), List.of()),
                    each.getValue().runNanos(),
                    span);
                second.addSlices(slice);
              });
    }
    synchronized (this) {
      seconds.addLast(second.build());
      if (seconds.size() > SECONDS_MAX) {
        seconds.removeFirst();
      }
    }
  }

  private static void addKernels(
      HistorySlice.Builder slice, List<KernelTime> kernels, long runNanos, long spanNanos) {
    Map<String, Long> byName = new HashMap<>();
    for (KernelTime kernel : kernels) {
      if (kernel.device() == slice.getDevice() && kernel.nanos() > 0) {
        byName.merge(kernel.name(), kernel.nanos(), Long::sum);
      }
    }
    byName.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
        .limit(KERNELS_MAX)
        .forEach(
            each ->
                slice.addKernels(
                    HistoryKernel.newBuilder()
                        .setName(each.getKey())
                        // The two are counted at moments that are a little apart.
                        .setBusy((double) Math.min(each.getValue(), runNanos) / spanNanos)));
  }

  /** The seconds that ended after a moment, oldest first. */
  synchronized List<HistorySecond> since(long unixMillis) {
    return seconds.stream().filter(each -> each.getUnixMillis() > unixMillis).toList();
  }
}
