// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.client.RemoteCuda;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Welcome;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;

/**
 * How long a program waits for a call that waits.
 *
 * @param median of all measured calls
 * @param least of them
 */
public record RoundTrip(Duration median, Duration least) {
  private static final int WARM_UP_CALLS = 200;
  private static final int MEASURED_CALLS = 101;

  /** Measures to each server of a session's devices; HOST:PORT to how far it is. */
  static Map<String, RoundTrip> ofServers(
      RemoteCuda cuda, Welcome welcome, LongSupplier nanoClock) {
    Map<String, RoundTrip> trips = new HashMap<>();
    for (DeviceSnapshot device : welcome.getDevicesList()) {
      int ordinal = device.getOrdinal();
      trips.computeIfAbsent(cuda.serverOf(ordinal), unused -> measure(cuda, ordinal, nanoClock));
    }
    return trips;
  }

  /**
   * Measures to the server of a device, in well under a second on a near server.
   *
   * @param ordinal the device's
   * @throws IllegalStateException if a call fails
   */
  public static RoundTrip measure(RemoteCuda cuda, int ordinal, LongSupplier nanoClock) {
    CUdevice device = new CUdevice();
    CUcontext context = new CUcontext();
    require(cuda, "cuInit", cuda.cuInit(0));
    require(cuda, "cuDeviceGet", cuda.cuDeviceGet(device, ordinal));
    require(cuda, "cuDevicePrimaryCtxRetain", cuda.cuDevicePrimaryCtxRetain(context, device));
    require(cuda, "cuCtxSetCurrent", cuda.cuCtxSetCurrent(context));
    Duration budget = Duration.ofSeconds(1);
    long end = nanoClock.getAsLong() + budget.toNanos();
    for (int i = 0; i < WARM_UP_CALLS && nanoClock.getAsLong() < end; i++) {
      require(cuda, "cuCtxSynchronize", cuda.cuCtxSynchronize());
    }
    long[] nanos = new long[MEASURED_CALLS];
    int count = 0;
    end = nanoClock.getAsLong() + budget.toNanos();
    while (count < nanos.length && (count == 0 || nanoClock.getAsLong() < end)) {
      long start = nanoClock.getAsLong();
      require(cuda, "cuCtxSynchronize", cuda.cuCtxSynchronize());
      nanos[count++] = nanoClock.getAsLong() - start;
    }
    Arrays.sort(nanos, 0, count);
    return new RoundTrip(Duration.ofNanos(nanos[count / 2]), Duration.ofNanos(nanos[0]));
  }

  private static void require(RemoteCuda cuda, String call, int result) {
    if (result != CUresult.CUDA_SUCCESS) {
      throw new IllegalStateException(
          call + " answered " + CUresult.stringFor(result) + " " + cuda.lastErrorDetail());
    }
  }
}
