// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

/**
 * Rows of bytes from one place in device memory to another.
 *
 * @param to address of the first row
 * @param toPitch bytes from row to row
 * @param from address of the first row
 * @param fromPitch bytes from row to row
 * @param width bytes of a row
 * @param height how many rows
 */
record DeviceCopy(long to, long toPitch, long from, long fromPitch, long width, long height) {
  /** A plain range. */
  static DeviceCopy range(long to, long from, long bytes) {
    return new DeviceCopy(to, bytes, from, bytes, bytes, 1);
  }

  /** All bytes; as many as a number can say, if there are more. */
  long bytes() {
    return Math.multiplyHigh(width, height) == 0 && width * height >= 0
        ? width * height
        : Long.MAX_VALUE;
  }

  /** A part of it. */
  DeviceCopy part(long row, long column, long partWidth, long partHeight) {
    return new DeviceCopy(
        to + row * toPitch + column,
        toPitch,
        from + row * fromPitch + column,
        fromPitch,
        Math.min(partWidth, width - column),
        Math.min(partHeight, height - row));
  }

  /**
   * One end of a copy: where its calls are made.
   *
   * @param context on the wire
   * @param stream on the wire
   */
  record End(long context, long stream) {}
}
