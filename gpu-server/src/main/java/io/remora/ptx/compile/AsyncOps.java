// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.compile.MemoryOps.Path;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.util.List;
import java.util.Locale;
import org.objectweb.asm.Opcodes;

/**
 * {@code cp.async} and {@code mbarrier} (PTX ISA 9.7.9.25 and 9.7.13.15). Copies are done when they
 * are issued, which the manual allows: nobody may look before the wait.
 */
final class AsyncOps {
  private AsyncOps() {}

  static void copy(Instruction at, Code code) throws PtxException {
    if (at.has("tensor") || at.has("reduce")) {
      throw at.unsupported("tensor maps and reductions by copies");
    } else if (at.has("commit_group") || at.has("wait_group") || at.has("wait_all")) {
      return; // All copies are done.
    } else if (at.has("prefetch")) {
      return;
    } else if (at.has("mbarrier")) {
      arriveAfterCopies(at, code);
    } else if (at.has("bulk")) {
      bulk(at, code);
    } else {
      small(at, code);
    }
  }

  /** Without {@code .noinc} the arrival is one that was expected just for it: nothing changes. */
  private static void arriveAfterCopies(Instruction at, Code code) throws PtxException {
    MemoryOps.pushHost(at, MemoryOps.address(at, 0), 8, MemoryOps.path(at), code);
    if (at.has("noinc")) {
      code.constant(1);
      code.call(at, "TransactionBarrier.arrive");
    }
    code.op(Opcodes.POP2);
  }

  private static void small(Instruction at, Code code) throws PtxException {
    if (!(Code.operand(at, 2) instanceof Operand.Imm size)
        || size.bits() != 4 && size.bits() != 8 && size.bits() != 16) {
      throw at.syntax(at.name() + " copies 4, 8 or 16 bytes");
    }
    int bytes = (int) size.bits();
    int operands = at.operands().size() - (at.has("L2::cache_hint") ? 1 : 0);
    MemoryOps.pushHost(at, MemoryOps.address(at, 0), bytes, Path.SHARED, code);
    code.method.visitVarInsn(Opcodes.ALOAD, MemoryOps.memory(code));
    MemoryOps.pushAddress(at, MemoryOps.address(at, 1), Path.GENERIC, code);
    code.constant(bytes);
    if (operands < 4) {
      code.constant(bytes);
    } else if (Code.operand(at, 3) instanceof Operand.Reg reg
        && reg.register().type() == PtxType.PRED) {
      code.constant(bytes); // With the predicate set nothing is read, and zeros are written.
      code.push(at, 3, PtxType.PRED);
      code.constant(1);
      code.op(Opcodes.IXOR);
      code.op(Opcodes.IMUL);
    } else {
      code.push(at, 3, PtxType.U32);
    }
    code.call(at, "Access.copySmall");
  }

  private static void bulk(Instruction at, Code code) throws PtxException {
    List<String> spaces = at.modifiers().stream().filter(AsyncOps::isSpace).toList();
    boolean fromShared = spaces.size() > 1 && spaces.get(1).equals("shared::cta");
    boolean toShared = spaces.size() == 2 && spaces.get(0).startsWith("shared");
    boolean several = at.has("multicast::cluster");
    boolean isKnown = toShared ? !several || !fromShared : fromShared && at.has("bulk_group");
    if (!isKnown) {
      throw at.unsupported("this direction");
    }
    ClusterOps.cluster(code);
    MemoryOps.pushAddress(
        at, MemoryOps.address(at, 0), toShared ? Path.CLUSTER : Path.GENERIC, code);
    MemoryOps.pushAddress(
        at, MemoryOps.address(at, 1), fromShared ? Path.SHARED : Path.GENERIC, code);
    code.push(at, 2, PtxType.U32);
    if (!toShared) {
      ClusterOps.call(code, "copyFromShared", "(JJI)V");
      return;
    }
    MemoryOps.pushAddress(at, MemoryOps.address(at, 3), Path.CLUSTER, code);
    if (several) {
      code.push(at, 4, PtxType.U16);
      ClusterOps.call(code, "copyToSeveral", "(JJIJI)V");
    } else {
      ClusterOps.call(code, fromShared ? "copyShared" : "copy", "(JJIJ)V");
    }
  }

  private static boolean isSpace(String modifier) {
    return modifier.equals("global") || modifier.startsWith("shared");
  }

  static void barrier(Instruction at, Code code) throws PtxException {
    if (at.has("pending_count")) {
      code.push(at, 1, PtxType.B64);
      code.call(at, "TransactionBarrier.pendingCount");
      code.store(at, 0, PtxType.U32);
    } else if (at.has("arrive") || at.has("arrive_drop")) {
      arrive(at, code);
    } else if (at.has("test_wait") || at.has("try_wait")) {
      test(at, code);
    } else {
      pushBarrier(at, 0, code);
      if (at.has("inval")) {
        code.op(Opcodes.POP2);
        return;
      }
      String name = at.has("init") ? "init" : at.has("expect_tx") ? "expect" : "complete";
      if (name.equals("complete") && !at.has("complete_tx")) {
        throw at.syntax(at.name() + " names no operation");
      }
      code.push(at, 1, PtxType.U32);
      code.call(at, "TransactionBarrier." + name);
    }
  }

  private static void pushBarrier(Instruction at, int operand, Code code) throws PtxException {
    MemoryOps.pushHost(at, MemoryOps.address(at, operand), 8, MemoryOps.path(at), code);
  }

  private static void arrive(Instruction at, Code code) throws PtxException {
    pushBarrier(at, 1, code);
    if (at.operands().size() > 2) {
      code.push(at, 2, PtxType.U32);
    } else {
      code.constant(1);
    }
    String drop = at.has("arrive_drop") ? "Drop" : "";
    String expect = at.has("expect_tx") ? "Expect" : "";
    code.call(at, "TransactionBarrier.arrive" + drop + expect);
    code.store(at, 0, PtxType.B64);
  }

  /** Other threads have gone first: see {@code Opcodes.givesWay}. */
  private static void test(Instruction at, Code code) throws PtxException {
    pushBarrier(at, 1, code);
    if (at.has("parity")) {
      code.push(at, 2, PtxType.U32);
      code.call(at, "TransactionBarrier.hasEndedParity");
    } else {
      code.push(at, 2, PtxType.B64);
      code.call(at, "TransactionBarrier.hasEnded");
    }
    code.store(at, 0, PtxType.PRED);
  }

  /** {@code vadd4} and its like, without selectors (PTX ISA 9.7.15.2). */
  static void video(Instruction at, Code code) throws PtxException {
    String opcode = at.opcode();
    int lanes = opcode.charAt(opcode.length() - 1) - '0';
    String operation = opcode.substring(1, opcode.length() - 1);
    PtxType result = at.type(0);
    PtxType a = at.type(1);
    PtxType b = at.types().size() > 2 ? at.type(2) : a;
    IntegerOps.require(at, result.bits() == 32 && a.bits() == 32 && b.bits() == 32);
    int flags =
        (a.isSigned() ? 1 : 0)
            | (b.isSigned() ? 2 : 0)
            | (result.isSigned() ? 4 : 0)
            | (at.has("sat") ? 8 : 0)
            | (at.has("add") ? 16 : 0);
    code.push(at, 1, PtxType.B32);
    code.push(at, 2, PtxType.B32);
    code.push(at, 3, PtxType.B32);
    code.constant(lanes);
    code.constant(flags);
    String comparison = operation.equals("set") ? comparison(at) : "";
    code.call(at, "Video." + operation + comparison);
    code.store(at, 0, PtxType.B32);
  }

  private static String comparison(Instruction at) throws PtxException {
    for (String name : new String[] {"eq", "ne", "lt", "le", "gt", "ge"}) {
      if (at.has(name)) {
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
      }
    }
    throw at.syntax(at.name() + " names no comparison");
  }
}
