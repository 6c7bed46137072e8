// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** Names works that take about the same time; see {@link io.remora.server.queue.Work}. */
final class WorkKeys {
  private static final long LAUNCH = 1L << 63;

  private WorkKeys() {}

  /** A copy or fill: the same call with a similar number of bytes. */
  static long ofBytes(int callNumber, long bytes) {
    return (long) callNumber << 8 | (Long.SIZE - Long.numberOfLeadingZeros(bytes));
  }

  /** A launch: the same function with the same shape. */
  static long ofLaunch(long function, long grid, long block, int sharedBytes) {
    long mixed = function;
    mixed = mixed * 0x9E3779B97F4A7C15L + grid;
    mixed = mixed * 0x9E3779B97F4A7C15L + block;
    mixed = mixed * 0x9E3779B97F4A7C15L + sharedBytes;
    return mixed | LAUNCH;
  }
}
