// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.Instruction;
import java.util.BitSet;

/** Finds loops in which a thread may wait for what another thread writes. */
final class Spins {
  private Spins() {}

  /** Headers of such loops. */
  static BitSet headers(Flow flow) {
    var headers = new BitSet();
    for (int block : flow.order()) {
      BitSet loop = flow.loop(block);
      if (loop != null && loop.stream().anyMatch(member -> looks(flow, member))) {
        headers.set(block);
      }
    }
    return headers;
  }

  private static boolean looks(Flow flow, int block) {
    return flow.blocks().get(block).code().stream().anyMatch(Spins::looks);
  }

  private static boolean looks(Instruction at) {
    return switch (at.opcode()) {
      case "ld" -> at.has("volatile") || at.has("acquire") || at.has("relaxed") || at.has("mmio");
      case "atom" -> at.has("cas") || at.has("exch");
      default -> false;
    };
  }
}
