// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import java.util.Arrays;
import java.util.List;

/**
 * Which registers each row of a block keeps once instead of in each thread. A row is all threads
 * that differ in {@code %tid.x} only. As long as a row runs as a whole it reads and writes such a
 * register at its first thread only; before any part of it runs by itself, the register is spread
 * to all its threads.
 */
final class KeptRows {
  private final KeptRegister[] registers;

  private final long[] once;

  /**
   * @param registers at most 64
   * @param once {@link BlockContext#keptOnce}
   */
  KeptRows(List<KeptRegister> registers, long[] once) {
    this.registers = registers.toArray(new KeptRegister[0]);
    this.once = once;
  }

  /** A block begins: no register has a value. */
  void reset() {
    Arrays.fill(once, 0);
  }

  /** Gives all threads of a row their registers. */
  void spread(BlockContext block, int first) {
    long bits = once[first];
    once[first] = 0;
    while (bits != 0) {
      registers[Long.numberOfTrailingZeros(bits)].spread(block, first);
      bits &= bits - 1;
    }
  }

  /** Gives all threads of all rows that have threads in this range their registers. */
  void spread(BlockContext block, int from, int to) {
    if (once.length == 0) {
      return;
    }
    for (int first = from - block.tidX[from]; first < to; first += block.ntidX) {
      spread(block, first);
    }
  }
}
