// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

/** Sizes, in bytes, that both ends agree on by their version; the handshake repeats them. */
public final class WireLimits {
  /** The largest payload of one call; larger copies are split into calls of this size. */
  public static final int CHUNK_BYTES_MAX = 1 << 20;

  /** The largest frame: one chunk and room for what stands around it. */
  public static final int FRAME_BYTES_MAX = CHUNK_BYTES_MAX + (64 << 10);

  /**
   * Frames up to this size are copied into one array when they arrive: that costs less than reading
   * them from several buffers, and gives the transport its buffers back at once. A payload above it
   * travels alone in its frame, so that nothing else delays it and it is never copied.
   */
  public static final int SMALL_FRAME_BYTES_MAX = 16 << 10;

  private WireLimits() {}
}
