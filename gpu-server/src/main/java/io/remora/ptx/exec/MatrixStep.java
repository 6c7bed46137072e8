// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.matrix.Fragment;
import io.remora.ptx.matrix.MatrixProduct;
import io.remora.ptx.memory.Access;

/**
 * What a matrix instruction does once all lanes of a warp have come to it. Operands and results are
 * in {@link BlockContext#fragments}, addresses of rows in {@code operandLong}.
 */
public sealed interface MatrixStep {

  /**
   * Carries it out for one warp.
   *
   * @param first first thread of the warp
   */
  void run(BlockContext block, int first);

  /** {@code mma} and {@code wmma.mma}. */
  record Multiply(MatrixProduct product) implements MatrixStep {
    @Override
    public void run(BlockContext block, int first) {
      product.compute(block.fragments, first * MatrixProduct.WORDS);
    }
  }

  /**
   * {@code ldmatrix}: matrices of 8 rows of 16 bytes, whose addresses are with lanes 8 i to 8 i + 7
   * for matrix i (PTX ISA 9.7.14.5, "ldmatrix").
   *
   * @param matrices 1, 2 or 4
   * @param transposed whether lanes get columns
   * @param shared whether the addresses are offsets in shared memory; else generic
   */
  record Load(int matrices, boolean transposed, boolean shared) implements MatrixStep {
    @Override
    public void run(BlockContext block, int first) {
      for (int matrix = 0; matrix < matrices; matrix++) {
        for (int row = 0; row < 8; row++) {
          long host = rowAddress(block, first + 8 * matrix + row, shared);
          for (int column = 0; column < 8; column++) {
            int bits = Access.rawLoadShort(host + 2L * column) & 0xffff;
            int word = word(first, matrix, row, column, transposed);
            int shift = 16 * ((transposed ? row : column) & 1);
            block.fragments[word] = block.fragments[word] & ~(0xffff << shift) | bits << shift;
          }
        }
      }
    }
  }

  /** {@code stmatrix}: the opposite of {@link Load}. */
  record Store(int matrices, boolean transposed, boolean shared) implements MatrixStep {
    @Override
    public void run(BlockContext block, int first) {
      for (int matrix = 0; matrix < matrices; matrix++) {
        for (int row = 0; row < 8; row++) {
          long host = rowAddress(block, first + 8 * matrix + row, shared);
          for (int column = 0; column < 8; column++) {
            int word = word(first, matrix, row, column, transposed);
            int shift = 16 * ((transposed ? row : column) & 1);
            Access.rawStoreShort(host + 2L * column, block.fragments[word] >>> shift);
          }
        }
      }
    }
  }

  /** {@code movmatrix}: transposes one matrix in place. */
  record Transpose() implements MatrixStep {
    @Override
    public void run(BlockContext block, int first) {
      int[] before = new int[Fragment.LANES];
      for (int lane = 0; lane < Fragment.LANES; lane++) {
        before[lane] = block.fragments[(first + lane) * MatrixProduct.WORDS];
      }
      for (int lane = 0; lane < Fragment.LANES; lane++) {
        int result = 0;
        for (int half = 0; half < 2; half++) {
          int row = lane % 4 * 2 + half;
          int column = lane / 4;
          int bits = before[row * 4 + column / 2] >>> 16 * (column & 1) & 0xffff;
          result |= bits << 16 * half;
        }
        block.fragments[(first + lane) * MatrixProduct.WORDS] = result;
      }
    }
  }

  /** The word that holds an element: lane and half of it follow from row and column. */
  private static int word(int first, int matrix, int row, int column, boolean transposed) {
    int lane = transposed ? column * 4 + row / 2 : row * 4 + column / 2;
    return (first + lane) * MatrixProduct.WORDS + matrix;
  }

  private static long rowAddress(BlockContext block, int thread, boolean shared) {
    block.lane = thread;
    long address = block.operandLong[thread];
    return shared
        ? Access.checkPowerOfTwo(block.sharedHost, block.sharedOutside, address, 15)
        : Access.check(block.memory, address, 15);
  }
}
