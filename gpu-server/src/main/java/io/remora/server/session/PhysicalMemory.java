// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/**
 * Memory that a program has created without an address. It counts for the quota until the program
 * has released it and it is mapped nowhere. Belongs to the session's serial executor.
 */
final class PhysicalMemory {
  private final long handle;
  private final long bytes;
  private final int handleTypes;
  private int references = 1;
  private long place;
  private boolean mapped;

  PhysicalMemory(long handle, long bytes, int handleTypes) {
    this.handle = handle;
    this.bytes = bytes;
    this.handleTypes = handleTypes;
  }

  long handle() {
    return handle;
  }

  long bytes() {
    return bytes;
  }

  /** What the program said that it would export it as. */
  int handleTypes() {
    return handleTypes;
  }

  void retain() {
    references++;
  }

  /** Returns whether the program still has the handle. */
  boolean release() {
    references--;
    return references > 0;
  }

  boolean isReleased() {
    return references == 0;
  }

  /** Where its content is, or 0 if it has none yet. */
  long place() {
    return place;
  }

  /** Whether the program sees it at its place. */
  boolean isMapped() {
    return mapped;
  }

  void moveTo(long address) {
    place = address;
  }

  void setMapped(boolean now) {
    mapped = now;
  }
}
