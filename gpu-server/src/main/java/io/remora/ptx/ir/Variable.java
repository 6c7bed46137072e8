// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.List;

/**
 * A declared piece of memory.
 *
 * @param name its symbol, unique in its scope
 * @param space where it lies
 * @param type element type
 * @param bytes length in bytes; 0 for an array of open length
 * @param alignment in bytes
 * @param linkage how other modules see it
 * @param initialiser pieces of its initial value; what no piece covers is zero
 * @param index number among its function's variables; -1 at module scope
 */
public record Variable(
    String name,
    Space space,
    PtxType type,
    long bytes,
    int alignment,
    Linkage linkage,
    List<Piece> initialiser,
    int index) {

  /** State spaces that variables can be declared in. */
  public enum Space {
    GLOBAL,
    CONST,
    SHARED,
    LOCAL,
    PARAM
  }

  /** How other modules see a symbol. */
  public enum Linkage {
    PRIVATE,
    VISIBLE,
    /** Visible, and gives way to another definition; {@code .common} too. */
    WEAK,
    EXTERN
  }

  /**
   * One element of an initial value.
   *
   * @param offset first byte in the variable
   * @param bytes its width: 1, 2, 4 or 8
   * @param value the bits, or what is added to the symbol's address
   * @param symbol name of the variable or function whose address is meant; empty for plain values
   */
  public record Piece(long offset, int bytes, long value, String symbol) {}
}
