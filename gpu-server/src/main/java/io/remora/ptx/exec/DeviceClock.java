// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/** The clocks that kernels can read, and the one that measures their blocks. */
public final class DeviceClock {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private DeviceClock() {}

  /** Nanoseconds since some moment; they stand for cycles in {@code %clock64}. */
  public static long nanos() {
    return System.nanoTime();
  }

  /** {@code %globaltimer}: nanoseconds since 1970, exact to a millisecond. */
  public static long globalNanos() {
    return System.currentTimeMillis() * NANOS_PER_MILLI
        + Math.floorMod(System.nanoTime(), NANOS_PER_MILLI);
  }
}
