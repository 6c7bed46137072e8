// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import java.nio.ByteBuffer;

/**
 * What kernels have from {@code malloc}, beside the contents: enough for another space with the
 * same window to go on with it. Immutable.
 *
 * @param start address of the first block; 0 if there was no room for a heap, so that there are no
 *     blocks and never will be
 * @param blocks a byte for each block from there on, without gaps: the binary logarithm of its
 *     length, with {@link #OUT} added if a kernel has it; the others were given back
 */
public record HeapState(long start, ByteBuffer blocks) {
  /** Of a block that a kernel has. */
  public static final int OUT = 0x80;

  private static final int LOGARITHM_MIN = 4;
  private static final int LOGARITHM_MAX = 44;

  public HeapState {
    blocks = blocks.asReadOnlyBuffer();
    for (int i = blocks.position(); i < blocks.limit(); i++) {
      int logarithm = blocks.get(i) & ~OUT & 0xff;
      if (logarithm < LOGARITHM_MIN || logarithm > LOGARITHM_MAX) {
        throw new IllegalArgumentException("a heap has no blocks of 2^" + logarithm + " bytes");
      }
    }
    if (start < 0 || start == 0 && blocks.hasRemaining()) {
      throw new IllegalArgumentException("blocks of a heap that is nowhere");
    }
  }

  /** A view of its own, so that reading it changes nothing. */
  @Override
  public ByteBuffer blocks() {
    return blocks.duplicate();
  }

  /** Length of all blocks together: what has to be copied from {@link #start} on. */
  public long bytes() {
    long bytes = 0;
    for (int i = blocks.position(); i < blocks.limit(); i++) {
      bytes = Math.addExact(bytes, length(blocks.get(i)));
    }
    return bytes;
  }

  /** Length of a block. */
  public static long length(byte block) {
    return 1L << (block & ~OUT & 0xff);
  }

  /** Whether a kernel has a block. */
  public static boolean isOut(byte block) {
    return (block & OUT) != 0;
  }
}
