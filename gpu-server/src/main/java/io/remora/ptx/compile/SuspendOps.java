// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.exec.Suspension;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.util.Locale;
import org.objectweb.asm.Opcodes;

/**
 * Barriers and warp operations: what kind of waiting an instruction means, and the code that leaves
 * its operands for the scheduler (PTX ISA 9.7.13 and 9.7.9.6).
 */
final class SuspendOps {
  private SuspendOps() {}

  static Suspension kind(Instruction at) throws PtxException {
    return switch (at.opcode()) {
      case "bar", "barrier" -> at.has("warp") ? Suspension.WARP_SYNC : barrier(at);
      case "shfl" -> shuffle(at);
      case "vote" -> vote(at);
      case "match" -> at.has("any") ? Suspension.MATCH_ANY : Suspension.MATCH_ALL;
      case "redux" -> reduction(at);
      case "mma", "wmma", "ldmatrix", "stmatrix", "movmatrix" -> Suspension.MATRIX;
      case "activemask" -> Suspension.ACTIVE_MASK;
      case "elect" -> Suspension.ELECT;
      case "nanosleep" -> Suspension.SLEEP;
      default -> throw at.unsupported("this kind of waiting");
    };
  }

  private static Suspension barrier(Instruction at) throws PtxException {
    if (at.has("cluster")) {
      return Suspension.CLUSTER_WAIT;
    }
    if (at.has("arrive")) {
      return Suspension.BARRIER_ARRIVE;
    }
    if (at.has("red")) {
      return at.has("popc")
          ? Suspension.BARRIER_COUNT
          : at.has("and") ? Suspension.BARRIER_AND : Suspension.BARRIER_OR;
    }
    boolean isAll =
        at.operands().size() == 1
            && at.operands().get(0) instanceof Operand.Imm number
            && number.bits() == 0;
    return isAll ? Suspension.BARRIER_ALL : Suspension.BARRIER_SYNC;
  }

  private static Suspension shuffle(Instruction at) throws PtxException {
    requireSync(at);
    return at.has("up")
        ? Suspension.SHUFFLE_UP
        : at.has("down")
            ? Suspension.SHUFFLE_DOWN
            : at.has("bfly") ? Suspension.SHUFFLE_BUTTERFLY : Suspension.SHUFFLE_INDEX;
  }

  private static Suspension vote(Instruction at) throws PtxException {
    requireSync(at);
    return at.has("all")
        ? Suspension.VOTE_ALL
        : at.has("any")
            ? Suspension.VOTE_ANY
            : at.has("uni") ? Suspension.VOTE_UNIFORM : Suspension.VOTE_BALLOT;
  }

  private static void requireSync(Instruction at) throws PtxException {
    if (!at.has("sync")) {
      throw at.unsupported("only the .sync form exists since sm_70");
    }
  }

  private static Suspension reduction(Instruction at) throws PtxException {
    PtxType type = at.type(0);
    if (type.bits() != 32 || type.isFloat()) {
      throw at.unsupported("only 32-bit integers are reduced");
    }
    for (String operation : new String[] {"add", "and", "or", "xor"}) {
      if (at.has(operation)) {
        return Suspension.valueOf("REDUCE_" + operation.toUpperCase(Locale.ROOT));
      }
    }
    String sign = type.isSigned() ? "SIGNED" : "UNSIGNED";
    return Suspension.valueOf((at.has("min") ? "REDUCE_MIN_" : "REDUCE_MAX_") + sign);
  }

  /** Writes the code that leaves the operands. */
  static void operands(Instruction at, Code code) throws PtxException {
    switch (at.opcode()) {
      case "bar", "barrier" -> {
        if (at.has("warp")) {
          leave(at, code, "mask", 0, PtxType.U32);
        } else {
          barrierOperands(at, code);
        }
      }
      case "shfl" -> {
        leaveBits(at, code, 1);
        leave(at, code, "operandB", 2, PtxType.U32);
        leave(at, code, "operandC", 3, PtxType.U32);
        leave(at, code, "mask", 4, PtxType.U32);
      }
      case "vote" -> {
        leave(at, code, "operandA", 1, PtxType.PRED);
        leave(at, code, "mask", 2, PtxType.U32);
      }
      case "match" -> {
        leaveLong(at, code);
        leave(at, code, "mask", 2, PtxType.U32);
      }
      case "redux" -> {
        leave(at, code, "operandA", 1, PtxType.U32);
        leave(at, code, "mask", 2, PtxType.U32);
      }
      case "elect" -> leave(at, code, "mask", 1, PtxType.U32);
      default -> {}
    }
  }

  private static void barrierOperands(Instruction at, Code code) throws PtxException {
    if (barrier(at) == Suspension.BARRIER_ALL) {
      return;
    }
    if (at.has("cluster")) {
      if (at.has("arrive")) {
        ClusterOps.cluster(code);
        code.thread();
        ClusterOps.call(code, "arrive", "(I)V");
      }
      return;
    }
    int n = at.has("red") ? 1 : 0;
    int last = at.operands().size() - (at.has("red") ? 1 : 0);
    leave(at, code, "operandA", n, PtxType.U32);
    if (n + 1 < last) {
      leave(at, code, "operandB", n + 1, PtxType.U32);
    } else {
      if (at.has("arrive")) {
        throw at.syntax("bar.arrive needs a thread count");
      }
      leaveConstant(code, "operandB", 0);
    }
    if (at.has("red")) {
      leave(at, code, "operandC", last, PtxType.PRED);
    }
  }

  private static void start(Code code, String field, String descriptor) {
    int local =
        code.locals.uniformReference(
            field,
            c -> {
              c.context();
              c.contextField(field, descriptor);
            });
    code.method.visitVarInsn(Opcodes.ALOAD, local);
    code.thread();
  }

  private static void leave(Instruction at, Code code, String field, int operand, PtxType type)
      throws PtxException {
    start(code, field, "[I");
    code.push(at, operand, type);
    code.op(Opcodes.IASTORE);
  }

  private static void leaveConstant(Code code, String field, int value) {
    start(code, field, "[I");
    code.constant(value);
    code.op(Opcodes.IASTORE);
  }

  private static void leaveBits(Instruction at, Code code, int operand) throws PtxException {
    start(code, "operandA", "[I");
    CompareOps.linkAll(at, code, operand);
    Operand value = Code.operand(at, operand);
    PtxType as = MemoryOps.carrier(code, value, PtxType.B32);
    code.push(at, value, as);
    code.convert(Kind.of(as), Kind.INT);
    code.op(Opcodes.IASTORE);
  }

  /** Leaves the address that an operand names, in the space of the instruction. */
  static void leaveAddress(Operand.Address address, Instruction at, Code code) throws PtxException {
    start(code, "operandLong", "[J");
    MemoryOps.pushAddress(at, address, code);
    code.op(Opcodes.LASTORE);
  }

  private static void leaveLong(Instruction at, Code code) throws PtxException {
    start(code, "operandLong", "[J");
    PtxType type = LogicOps.unsigned(at.type(0));
    code.push(at, 1, type);
    if (Kind.of(type) == Kind.INT) {
      code.op(Opcodes.I2L);
    }
    code.op(Opcodes.LASTORE);
  }
}
