// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Register;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides in which kind of JVM local each register is kept. nvcc declares most registers as untyped
 * bits, so the emitters run once without output, and each use of a register as a number votes for a
 * kind; uses inside loops count more. Copies of untyped bits don't vote but pass kinds on.
 */
final class KindVotes {
  private final Kind[] kinds;
  private final long[] floating;
  private final long[] integer;
  private final List<int[]> links = new ArrayList<>();
  private boolean open = true;
  private long weight = 1;

  KindVotes(List<Register> registers) {
    kinds = new Kind[registers.size()];
    floating = new long[registers.size()];
    integer = new long[registers.size()];
    for (Register register : registers) {
      kinds[register.id()] = Kind.of(register.type());
    }
  }

  Kind kind(Register register) {
    return kinds[register.id()];
  }

  /** Sets what a use counts from here on. */
  void weigh(int loopDepth) {
    weight = 1L << (3 * Math.min(loopDepth, 6));
  }

  void vote(Register register, PtxType type) {
    if (open && type.bits() >= 32 && type.family() != PtxType.Family.BITS) {
      (type.isFloat() ? floating : integer)[register.id()] += weight;
    }
  }

  /** One register's bits go to another unchanged. */
  void link(Register a, Register b) {
    if (open) {
      links.add(new int[] {a.id(), b.id()});
    }
  }

  /** Counts the votes; kinds are fixed from here on. */
  void decide(List<Register> registers) {
    open = false;
    // Registers without votes follow those that they are copied to or from.
    for (int round = 0; round < 3; round++) {
      for (int[] link : links) {
        adopt(link[0], link[1]);
        adopt(link[1], link[0]);
      }
    }
    for (Register register : registers) {
      int id = register.id();
      if (register.type().bits() == 32) {
        kinds[id] = floating[id] > integer[id] ? Kind.FLOAT : Kind.INT;
      } else if (register.type().bits() == 64) {
        kinds[id] = floating[id] > integer[id] ? Kind.DOUBLE : Kind.LONG;
      }
    }
  }

  private void adopt(int from, int to) {
    if (floating[to] == 0 && integer[to] == 0 && (floating[from] > 0 || integer[from] > 0)) {
      if (floating[from] > integer[from]) {
        floating[to] = 1;
      } else {
        integer[to] = 1;
      }
    }
  }
}
