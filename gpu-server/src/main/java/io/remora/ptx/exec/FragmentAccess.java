// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.matrix.Element;
import io.remora.ptx.matrix.Fragment;
import io.remora.ptx.matrix.MatrixProduct;
import io.remora.ptx.memory.Access;

/**
 * {@code wmma.load} and {@code wmma.store}: moves one lane's part of a matrix between memory and
 * the words of the lane.
 *
 * @param fragment the matrix and which of its elements each lane holds
 * @param rowMajor whether the elements of a row are neighbours in memory, else those of a column
 * @param shared whether addresses are offsets in shared memory; else generic
 */
public record FragmentAccess(Fragment fragment, boolean rowMajor, boolean shared) {

  /** Loads a lane's elements, in every word from the lane's first on. */
  void load(BlockContext block, int thread, long address, int stride) {
    Element element = fragment.element();
    int count = fragment.elementsPerLane();
    int perWord = element.perWord();
    int first = thread * MatrixProduct.WORDS;
    for (int i = 0; i < count; i++) {
      long bit = bitOffset(thread & 31, i, stride);
      if (element == Element.F64) {
        long value = Access.rawLoadLong(host(block, address + bit / 8, 7));
        block.fragments[first + 2 * i] = (int) value;
        block.fragments[first + 2 * i + 1] = (int) (value >>> 32);
        continue;
      }
      int raw = loadRaw(block, address, bit);
      int shift = i % perWord * element.bits();
      int word = first + i / perWord;
      int kept = shift == 0 ? 0 : block.fragments[word];
      block.fragments[word] = kept | raw << shift;
    }
  }

  private int loadRaw(BlockContext block, long address, long bit) {
    int bits = fragment.element().bits();
    long at = address + bit / 8;
    return switch (bits) {
      case 32 -> Access.rawLoadInt(host(block, at, 3));
      case 16 -> Access.rawLoadShort(host(block, at, 1)) & 0xffff;
      default -> Access.rawLoadByte(host(block, at, 0)) >>> (int) (bit & 7) & (1 << bits) - 1;
    };
  }

  /** Stores a lane's elements; those of accumulators have 16 bits or more. */
  void store(BlockContext block, int thread, long address, int stride) {
    Element element = fragment.element();
    int count = fragment.elementsPerLane();
    int first = thread * MatrixProduct.WORDS;
    for (int i = 0; i < count; i++) {
      long at = address + bitOffset(thread & 31, i, stride) / 8;
      switch (element.bits()) {
        case 64 -> {
          long low = block.fragments[first + 2 * i] & 0xffff_ffffL;
          long high = block.fragments[first + 2 * i + 1];
          Access.rawStoreLong(host(block, at, 7), high << 32 | low);
        }
        case 32 -> Access.rawStoreInt(host(block, at, 3), block.fragments[first + i]);
        default ->
            Access.rawStoreShort(
                host(block, at, 1), block.fragments[first + i / 2] >>> 16 * (i % 2));
      }
    }
  }

  private long bitOffset(int lane, int index, int stride) {
    int place = fragment.places()[lane * fragment.elementsPerLane() + index];
    int row = place / fragment.columns();
    int column = place % fragment.columns();
    int leading = stride != 0 ? stride : rowMajor ? fragment.columns() : fragment.rows();
    long elements = rowMajor ? (long) row * leading + column : (long) column * leading + row;
    return elements * fragment.element().bits();
  }

  private long host(BlockContext block, long address, int low) {
    return shared
        ? Access.checkPowerOfTwo(block.sharedHost, block.sharedOutside, address, low)
        : Access.check(block.memory, address, low);
  }
}
