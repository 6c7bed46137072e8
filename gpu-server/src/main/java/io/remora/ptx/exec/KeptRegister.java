// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/**
 * A register that changes by a constant step from each thread of a row to the next, so that the
 * value of the row's first thread stands for all of them.
 *
 * @param place which of the block's arrays it is kept in
 * @param slot its slot there
 * @param step from each thread to the next, modulo its width; 0 for those of floating point
 */
public record KeptRegister(Place place, int slot, int step) {
  /** The arrays of {@link BlockContext} that registers are kept in between regions. */
  public enum Place {
    INT,
    LONG,
    FLOAT,
    DOUBLE
  }

  /** Gives each thread of a row its value, given that of the first one. */
  void spread(BlockContext block, int first) {
    int at = slot * block.threads + first;
    int span = block.ntidX - 1;
    switch (place) {
      case INT -> RowFill.fill(block.frameInt, at, span, block.frameInt[at], step);
      case LONG -> RowFill.fill(block.frameLong, at, span, block.frameLong[at], step);
      case FLOAT -> RowFill.fill(block.frameFloat, at, span, block.frameFloat[at]);
      case DOUBLE -> RowFill.fill(block.frameDouble, at, span, block.frameDouble[at]);
    }
  }
}
