// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.matrix.Element;
import io.remora.ptx.matrix.MatrixProduct;
import java.util.List;
import org.objectweb.asm.Opcodes;

/**
 * {@code mma}, {@code wmma}, {@code ldmatrix}, {@code stmatrix} and {@code movmatrix} (PTX ISA
 * 9.7.14): registers go to the thread's words of {@code fragments}, and results come from there.
 */
final class MatrixOps {
  private MatrixOps() {}

  static boolean isShared(Instruction at) {
    return at.has("shared") || at.has("shared::cta");
  }

  /** Leaves the operands of an instruction that the whole warp carries out. */
  static void operands(Instruction at, Code code) throws PtxException {
    MatrixShapes.step(at); // Refuses what isn't there, with this instruction's place.
    switch (at.opcode()) {
      case "mma", "wmma" -> {
        int word = 0;
        for (int operand = 1; operand <= 3; operand++) {
          word = leave(at, MatrixShapes.registers(at, operand), word, code);
        }
      }
      case "ldmatrix" -> SuspendOps.leaveAddress(MemoryOps.address(at, 1), at, code);
      case "stmatrix" -> {
        leave(at, MatrixShapes.registers(at, 1), 0, code);
        SuspendOps.leaveAddress(MemoryOps.address(at, 0), at, code);
      }
      default -> leave(at, MatrixShapes.registers(at, 1), 0, code);
    }
  }

  private static int leave(Instruction at, List<Operand> registers, int first, Code code)
      throws PtxException {
    int word = first;
    for (Operand operand : registers) {
      PtxType type = carried(operand, code);
      if (Kind.of(type).slots == 1) {
        place(code, word++);
        code.push(at, operand, type);
        code.convert(Kind.of(type), Kind.INT);
        code.op(Opcodes.IASTORE);
        continue;
      }
      int bits = code.locals.temporary(2);
      code.push(at, operand, type);
      code.convert(Kind.of(type), Kind.LONG);
      code.method.visitVarInsn(Opcodes.LSTORE, bits);
      for (int half = 0; half < 2; half++) {
        place(code, word++);
        code.method.visitVarInsn(Opcodes.LLOAD, bits);
        code.constant(32 * half);
        code.op(Opcodes.LUSHR);
        code.op(Opcodes.L2I);
        code.op(Opcodes.IASTORE);
      }
    }
    return word;
  }

  /** Untyped bits of the register's width, as the register is kept. */
  private static PtxType carried(Operand operand, Code code) {
    boolean isWide = operand instanceof Operand.Reg reg && reg.register().type().bits() == 64;
    return MemoryOps.carrier(code, operand, isWide ? PtxType.B64 : PtxType.B32);
  }

  /** Pushes the array of words and the index of one of this thread's. */
  private static void place(Code code, int word) {
    int local =
        code.locals.uniformReference(
            "fragments",
            c -> {
              c.context();
              c.contextField("fragments", "[I");
            });
    code.method.visitVarInsn(Opcodes.ALOAD, local);
    code.thread();
    code.constant(MatrixProduct.WORDS);
    code.op(Opcodes.IMUL);
    code.constant(word);
    code.op(Opcodes.IADD);
  }

  /** Reads the registers that a matrix instruction has left in the thread's words. */
  static void results(Instruction at, Code code) throws PtxException {
    int word = 0;
    for (Operand operand : MatrixShapes.registers(at, 0)) {
      PtxType type = carried(operand, code);
      place(code, word++);
      code.op(Opcodes.IALOAD);
      if (Kind.of(type).slots == 1) {
        code.convert(Kind.INT, Kind.of(type));
      } else {
        code.op(Opcodes.I2L);
        code.constant(0xffff_ffffL);
        code.op(Opcodes.LAND);
        place(code, word++);
        code.op(Opcodes.IALOAD);
        code.op(Opcodes.I2L);
        code.constant(32);
        code.op(Opcodes.LSHL);
        code.op(Opcodes.LOR);
        code.convert(Kind.LONG, Kind.of(type));
      }
      code.store(at, operand, type);
    }
  }

  /** {@code wmma.load} and {@code wmma.store}: each lane moves its own elements. */
  static void move(Instruction at, Code code) throws PtxException {
    boolean store = at.has("store");
    int access = code.unit.program().fragment(MatrixShapes.access(at));
    int address = store ? 0 : 1;
    if (store) {
      leave(at, MatrixShapes.registers(at, 1), 0, code);
    }
    code.context();
    code.thread();
    code.constant(access);
    MemoryOps.pushAddress(at, MemoryOps.address(at, address), code);
    if (at.operands().size() > 2) {
      code.push(at, 2, PtxType.U32);
    } else {
      code.constant(0);
    }
    code.contextCall(store ? "storeFragment" : "loadFragment", "(IIJI)V");
    if (!store) {
      results(at, code);
    }
  }

  static void wmma(Instruction at, Code code) throws PtxException {
    if (at.has("mma")) {
      operands(at, code);
    } else if (at.has("load") || at.has("store")) {
      move(at, code);
    } else {
      throw at.syntax(at.name() + " must be load, mma or store");
    }
  }

  /** Whether a modifier names a shape or an element type that other instructions don't have. */
  static boolean knows(String modifier) {
    return MatrixShapes.isShape(modifier) || Element.named(modifier) != null;
  }
}
