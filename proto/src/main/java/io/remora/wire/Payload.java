// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A {@code bytes} field of a received frame, where it lies in the receive buffers: nothing is
 * copied. Valid until its {@link InboundFrame} is closed; afterwards the memory belongs to someone
 * else. Immutable; its contents must not be written to.
 */
public final class Payload {
  /** No bytes. */
  public static final Payload EMPTY = new Payload(new ByteBuffer[0], 0);

  private final ByteBuffer[] slices;
  private final int bytes;

  Payload(ByteBuffer[] slices, int bytes) {
    this.slices = slices;
    this.bytes = bytes;
  }

  /**
   * A payload that is all remaining bytes of a buffer, for tests and for callers without a wire.
   */
  public static Payload of(ByteBuffer buffer) {
    return buffer.hasRemaining()
        ? new Payload(new ByteBuffer[] {buffer.slice()}, buffer.remaining())
        : EMPTY;
  }

  /** The size in bytes. */
  public int bytes() {
    return bytes;
  }

  /** The parts in order, each with its own position and limit; fresh views at each call. */
  public List<ByteBuffer> buffers() {
    ByteBuffer[] views = new ByteBuffer[slices.length];
    for (int i = 0; i < views.length; i++) {
      views[i] = slices[i].duplicate();
    }
    return List.of(views);
  }

  /**
   * Copies everything and advances {@code into}.
   *
   * @throws java.nio.BufferOverflowException if {@code into} has less room
   */
  public void copyTo(ByteBuffer into) {
    for (ByteBuffer slice : slices) {
      into.put(slice.duplicate());
    }
  }

  /** Copies everything to {@code into[offset...]}. */
  public void copyTo(byte[] into, int offset) {
    int at = offset;
    for (ByteBuffer slice : slices) {
      slice.get(slice.position(), into, at, slice.remaining());
      at += slice.remaining();
    }
  }

  /** A copy of everything. */
  public byte[] toByteArray() {
    byte[] copy = new byte[bytes];
    copyTo(copy, 0);
    return copy;
  }
}
