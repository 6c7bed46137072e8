// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A kernel was stopped before its end, by its own error or by {@link LaunchControl#cancel}. Memory
 * holds whatever the kernel had written by then.
 */
public final class KernelFault extends Exception {
  private static final long serialVersionUID = 1L;

  /** What stopped the kernel. */
  public enum Kind {
    /**
     * An access outside the valid memory of the address space, or outside shared or local memory.
     */
    ILLEGAL_ADDRESS,
    /** An access to an address that is not a multiple of its size. */
    MISALIGNED_ADDRESS,
    /** An instruction whose operands have no meaning, such as a call through a bad pointer. */
    ILLEGAL_INSTRUCTION,
    /** The {@code trap} instruction. */
    TRAP,
    /** A failed {@code assert}. */
    ASSERT,
    /** Cancelled from outside. */
    CANCELLED,
    /** Calls nested deeper than the local memory for them. */
    STACK_OVERFLOW,
    /** All threads of a block wait for something that can't come. */
    DEADLOCK,
    /** The device could not hold shared or local memory of the blocks. */
    OUT_OF_RESOURCES
  }

  /** Three coordinates, of a block in its grid or of a thread in its block. */
  public record Position(int x, int y, int z) {
    @Override
    public String toString() {
      return "(" + x + "," + y + "," + z + ")";
    }
  }

  private final Kind kind;
  private final String kernel;
  private final Position block;
  private final Position thread;
  private final @Nullable Long address;
  private final int sourceLine;
  private final String detail;

  /**
   * @param address the address at fault, or null where none is
   * @param sourceLine line in the source file from {@code .loc}, or 0 if unknown
   * @param detail a sentence for people; empty if the kind says all
   */
  public KernelFault(
      Kind kind,
      String kernel,
      Position block,
      Position thread,
      @Nullable Long address,
      int sourceLine,
      String detail) {
    super(describe(kind, kernel, block, thread, address, sourceLine, detail));
    this.kind = kind;
    this.kernel = kernel;
    this.block = block;
    this.thread = thread;
    this.address = address;
    this.sourceLine = sourceLine;
    this.detail = detail;
  }

  private static String describe(
      Kind kind,
      String kernel,
      Position block,
      Position thread,
      @Nullable Long address,
      int sourceLine,
      String detail) {
    var text = new StringBuilder(kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
    if (address != null) {
      text.append(" 0x").append(Long.toHexString(address));
    }
    text.append(" in kernel ").append(kernel);
    text.append(", block ").append(block).append(", thread ").append(thread);
    if (sourceLine > 0) {
      text.append(", source line ").append(sourceLine);
    }
    if (!detail.isEmpty()) {
      text.append(": ").append(detail);
    }
    return text.toString();
  }

  /** What stopped the kernel. */
  public Kind kind() {
    return kind;
  }

  /** Name of the kernel. */
  public String kernel() {
    return kernel;
  }

  /** The block at fault, in its grid. */
  public Position block() {
    return block;
  }

  /** The thread at fault, in its block. */
  public Position thread() {
    return thread;
  }

  /** The address at fault, for faults that have one. */
  public OptionalLong address() {
    return address == null ? OptionalLong.empty() : OptionalLong.of(address);
  }

  /** The line in the source file, where the PTX has {@code .loc} directives. */
  public OptionalInt sourceLine() {
    return sourceLine > 0 ? OptionalInt.of(sourceLine) : OptionalInt.empty();
  }

  /** A sentence for people; may be empty. */
  public String detail() {
    return detail;
  }
}
