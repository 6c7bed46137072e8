// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.MemoryFault;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;

/** Makes the copies and fills of a domain. */
final class Transfers {
  private static final int INVALID = CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;

  private final DomainCore core;
  private final AddressWindows windows;

  Transfers(DomainCore core, AddressWindows windows) {
    this.core = core;
    this.windows = windows;
  }

  StreamItem toDevice(long destination, ByteBuffer source, WorkObserver observer) {
    return new TransferItem(
        core,
        source.remaining(),
        () -> {
          core.memory().write(destination, source);
          return CUresult.CUDA_SUCCESS_VALUE;
        },
        observer);
  }

  StreamItem onDevice(long destination, long source, long bytes, WorkObserver observer) {
    return rows(new Rows(destination, bytes, source, bytes, bytes, 1), observer);
  }

  /**
   * Rows of a rectangle.
   *
   * @param destinationPitch bytes from one row to the next
   * @param sourcePitch bytes from one row to the next
   * @param width bytes of each row that are copied
   * @param height number of rows
   */
  record Rows(
      long destination,
      long destinationPitch,
      long source,
      long sourcePitch,
      long width,
      long height) {}

  /** A copy within the device; either end may be another domain's of the same session. */
  StreamItem rows(Rows rows, WorkObserver observer) {
    DomainCore to = windows.owner(rows.destination);
    DomainCore from = windows.owner(rows.source);
    return new TransferItem(
        core,
        saturated(rows.width, rows.height),
        () -> to == null || from == null ? INVALID : copyRows(to, from, rows),
        observer);
  }

  private int copyRows(DomainCore to, DomainCore from, Rows rows) {
    if (!enters(to)) {
      return INVALID;
    }
    try {
      return enters(from) ? copyHeld(to, from, rows) : INVALID;
    } finally {
      leave(to);
    }
  }

  /** The own domain is entered by whoever runs the copy. */
  private boolean enters(DomainCore domain) {
    return domain == core || domain.enter() == CUresult.CUDA_SUCCESS_VALUE;
  }

  private void leave(DomainCore domain) {
    if (domain != core) {
      domain.leave();
    }
  }

  private int copyHeld(DomainCore to, DomainCore from, Rows rows) {
    try {
      for (long row = 0; row < rows.height && rows.width > 0; row++) {
        requireGoingOn(row);
        long target = rows.destination + row * rows.destinationPitch;
        long source = rows.source + row * rows.sourcePitch;
        to.memory().copyFrom(from.memory(), target, source, rows.width);
      }
      return CUresult.CUDA_SUCCESS_VALUE;
    } finally {
      leave(from);
    }
  }

  /**
   * A rectangle filled with a pattern.
   *
   * @param pitch bytes from one row to the next
   * @param pattern in the low bits
   * @param patternBytes 1, 2 or 4
   * @param width patterns in each row
   * @param height number of rows
   */
  record Fill(
      long destination, long pitch, int pattern, int patternBytes, long width, long height) {}

  StreamItem fill(Fill fill, WorkObserver observer) {
    long bytes = saturated(saturated(fill.width, fill.patternBytes), fill.height);
    return new TransferItem(core, bytes, () -> fillRows(fill), observer);
  }

  private int fillRows(Fill fill) {
    for (long row = 0; row < fill.height && fill.width > 0; row++) {
      requireGoingOn(row);
      long target = fill.destination + row * fill.pitch;
      core.memory().fill(target, fill.pattern, fill.patternBytes, fill.width);
    }
    return CUresult.CUDA_SUCCESS_VALUE;
  }

  /** A rectangle may have billions of rows: whoever closes the domain must not wait for them. */
  private void requireGoingOn(long row) {
    if ((row & 0xfff) == 0 && core.fault() != CUresult.CUDA_SUCCESS_VALUE) {
      throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, 0);
    }
  }

  private static long saturated(long left, long right) {
    long high = Math.multiplyHigh(left, right);
    long low = left * right;
    return high == 0 && low >= 0 ? low : Long.MAX_VALUE;
  }
}
