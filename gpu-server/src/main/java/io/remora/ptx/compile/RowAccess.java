// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads and stores on the way of a row that differ only in the constant offset from one register:
 * one check of the whole range stands for all.
 */
final class RowAccess {
  /** Accesses further apart are checked each by itself. */
  private static final long MAX_SPAN = 1 << 16;

  private final Instruction first;
  private final List<Instruction> members = new ArrayList<>();
  private final int bytes;
  private final boolean isShared;
  private long least;
  private long most;

  RowAccess(Instruction first) throws PtxException {
    this.first = first;
    this.members.add(first);
    this.bytes = MemoryOps.accessBytes(first);
    this.isShared = isShared(first);
    this.least = address(first).offset();
    this.most = least;
  }

  /** Takes another access of the same register in, if it fits. */
  boolean join(Instruction other) throws PtxException {
    long offset = address(other).offset();
    long low = Math.min(least, offset);
    long high = Math.max(most, offset);
    if (MemoryOps.accessBytes(other) != bytes
        || isShared(other) != isShared
        || (offset - least) % bytes != 0
        || high - low > MAX_SPAN) {
      return false;
    }
    least = low;
    most = high;
    members.add(other);
    return true;
  }

  private static boolean isShared(Instruction at) throws PtxException {
    return MemoryOps.path(at) == MemoryOps.Path.SHARED;
  }

  static Operand.Address address(Instruction at) {
    return (Operand.Address) at.operands().get(at.opcode().equals("ld") ? 1 : 0);
  }

  Instruction first() {
    return first;
  }

  /** All of them. */
  List<Instruction> members() {
    return members;
  }

  boolean isShared() {
    return isShared;
  }

  /** Least offset. */
  long least() {
    return least;
  }

  /** Bytes from the least offset to the end of the last access. */
  int length() {
    return (int) (most - least) + bytes;
  }

  /** Bytes of one access. */
  int bytes() {
    return bytes;
  }
}
