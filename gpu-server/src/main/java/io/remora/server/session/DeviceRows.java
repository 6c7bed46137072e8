// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.DeviceBytes;
import io.remora.server.driver.WorkObserver;
import java.nio.ByteBuffer;

/**
 * Rows of device memory, read as if nothing lay between them.
 *
 * @param pitch bytes from one row to the next
 * @param widthBytes of each row
 */
record DeviceRows(long pitch, long widthBytes) {
  /**
   * Fills all of {@code into} with the bytes from {@code first} on, row by row, and leaves its
   * position where it is.
   *
   * @param first counts bytes of rows
   * @param done told when {@code into} is filled, possibly before this method returns
   */
  void read(DeviceBytes from, long first, ByteBuffer into, WorkObserver done) {
    int wanted = into.remaining();
    long column = first % widthBytes;
    if (pitch == widthBytes || wanted <= widthBytes - column) {
      from.read(first / widthBytes * pitch + column, into.duplicate(), done);
      return;
    }
    int parts = (int) ((first + wanted - 1) / widthBytes - first / widthBytes + 1);
    JointObserver joint = new JointObserver(parts, done);
    long at = first;
    for (int filled = 0; filled < wanted; ) {
      column = at % widthBytes;
      int part = (int) Math.min(wanted - filled, widthBytes - column);
      from.read(at / widthBytes * pitch + column, into.slice(filled, part), joint);
      filled += part;
      at += part;
    }
  }
}
