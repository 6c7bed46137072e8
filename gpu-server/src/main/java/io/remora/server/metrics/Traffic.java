// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

/**
 * What went between clients and the server.
 *
 * @param calls calls carried out
 * @param waits those of them for which the client waited
 * @param bytesUp bytes of frames from clients
 * @param bytesDown bytes of frames to clients
 * @param failures calls that failed
 * @param faults sticky failures
 */
public record Traffic(
    long calls, long waits, long bytesUp, long bytesDown, long failures, long faults) {
  /** Nothing. */
  public static final Traffic NONE = new Traffic(0, 0, 0, 0, 0, 0);

  /** Both together. */
  public Traffic plus(Traffic other) {
    return new Traffic(
        calls + other.calls,
        waits + other.waits,
        bytesUp + other.bytesUp,
        bytesDown + other.bytesDown,
        failures + other.failures,
        faults + other.faults);
  }

  /** What came since an earlier reading. */
  public Traffic minus(Traffic earlier) {
    return new Traffic(
        calls - earlier.calls,
        waits - earlier.waits,
        bytesUp - earlier.bytesUp,
        bytesDown - earlier.bytesDown,
        failures - earlier.failures,
        faults - earlier.faults);
  }
}
