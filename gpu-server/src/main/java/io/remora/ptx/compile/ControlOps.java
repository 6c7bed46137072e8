// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Opcodes;

/** Fences, hints, traps, and the results of suspensions. */
final class ControlOps {
  private ControlOps() {}

  static void fence(Instruction at, Code code) throws PtxException {
    code.call(at, "Access.fence");
  }

  /** Hints to caches and schedulers do nothing here. */
  static void ignore(Instruction at, Code code) {}

  /** {@code createpolicy}: policies are hints, and there is one. */
  static void policy(Instruction at, Code code) throws PtxException {
    code.constant(0L);
    code.store(at, 0, PtxType.B64);
  }

  static void trap(Instruction at, Code code) {
    code.call(Code.CONTEXT, "trap", "()Lio/remora/ptx/exec/KernelStop;");
    code.op(Opcodes.ATHROW);
  }

  /** Reads the outcome that the scheduler left for this thread. */
  static void result(Instruction at, Code code) throws PtxException {
    Operand destination = Code.operand(at, 0);
    outcome(code, "result");
    PtxType type = PtxType.B32;
    if (at.opcode().equals("%result")) {
      if (isPredicate(at)) {
        type = PtxType.PRED;
      } else {
        type = MemoryOps.carrier(code, destination, PtxType.B32);
        code.convert(Kind.INT, Kind.of(type));
      }
    }
    code.store(at, destination, type);
  }

  static void resultPredicate(Instruction at, Code code) throws PtxException {
    outcome(code, "resultPredicate");
    code.store(at, 0, PtxType.PRED);
  }

  private static void outcome(Code code, String field) {
    code.context();
    code.contextField(field, "[I");
    code.thread();
    code.op(Opcodes.IALOAD);
  }

  private static boolean isPredicate(Instruction at) {
    return at.has("pred");
  }
}
