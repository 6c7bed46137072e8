// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * Bounds of one compilation; they keep a hostile text from costing more than its length suggests.
 *
 * @param maxTextBytes longest text taken, in characters
 * @param maxInstructionsPerFunction most instructions in one function after inlining
 * @param callStackBytes local memory for each thread that calls functions recursively or through
 *     pointers, in bytes
 */
public record CompileOptions(int maxTextBytes, int maxInstructionsPerFunction, int callStackBytes) {

  /** 64 MiB of text, 500,000 instructions in a function, 16 KiB of call stack. */
  public static final CompileOptions DEFAULTS = new CompileOptions(64 << 20, 500_000, 16 << 10);

  /** Checks the ranges. */
  public CompileOptions {
    if (maxTextBytes < 1 || maxInstructionsPerFunction < 1 || callStackBytes < 0) {
      throw new IllegalArgumentException("compile limits must be positive");
    }
  }
}
