// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.SessionImage;

/**
 * Memory that a program has created without an address. It counts for the quota until the program
 * has released it and it is mapped nowhere. Belongs to the session's serial executor.
 */
final class PhysicalMemory {
  private final long handle;
  private final long bytes;
  private final int handleTypes;
  private int references;
  private long place;
  private boolean mapped;

  PhysicalMemory(long handle, long bytes, int handleTypes) {
    this(handle, bytes, handleTypes, 1);
  }

  private PhysicalMemory(long handle, long bytes, int handleTypes, int references) {
    this.handle = handle;
    this.bytes = bytes;
    this.handleTypes = handleTypes;
    this.references = references;
  }

  SessionImage.PhysicalMemory image(int device) {
    return SessionImage.PhysicalMemory.newBuilder()
        .setHandle(handle)
        .setDevice(device)
        .setBytes(bytes)
        .setHandleTypes(handleTypes)
        .setReferences(references)
        .setPlace(place)
        .setMapped(mapped)
        .build();
  }

  /** The memory as it was on another server. */
  static PhysicalMemory of(SessionImage.PhysicalMemory image) {
    PhysicalMemory memory =
        new PhysicalMemory(
            image.getHandle(),
            image.getBytes(),
            image.getHandleTypes(),
            Math.max(0, image.getReferences()));
    memory.place = image.getPlace();
    memory.mapped = image.getMapped();
    return memory;
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
