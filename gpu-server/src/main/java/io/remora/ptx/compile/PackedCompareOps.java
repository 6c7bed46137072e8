// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.math.PackedCompare;
import org.objectweb.asm.Opcodes;

/** {@code set} and {@code setp} of pairs of 16-bit floats. */
final class PackedCompareOps {
  private PackedCompareOps() {}

  static boolean isPacked(PtxType type) {
    return type == PtxType.F16X2 || type == PtxType.BF16X2;
  }

  static void set(Instruction at, Code code, PtxType source) throws PtxException {
    PtxType result = at.type(0);
    compare(at, code, source);
    switch (result) {
      case F16X2 -> code.call(at, "PackedCompare.onesF16");
      case BF16X2 -> code.call(at, "PackedCompare.onesBf16");
      case U32, S32 -> code.call(at, "PackedCompare.masks");
      default -> throw at.unsupported("this result of a packed comparison");
    }
    code.store(at, 0, result);
  }

  static void setp(Instruction at, Code code, PtxType source) throws PtxException {
    if (!(Code.operand(at, 0) instanceof Operand.Pair pair)) {
      throw at.syntax(at.name() + " needs two destinations");
    }
    compare(at, code, source);
    int outcome = code.locals.temporary(1);
    code.method.visitVarInsn(Opcodes.ISTORE, outcome);
    for (int half = 0; half < 2; half++) {
      code.method.visitVarInsn(Opcodes.ILOAD, outcome);
      code.constant(half);
      code.op(Opcodes.IUSHR);
      code.constant(1);
      code.op(Opcodes.IAND);
      code.store(at, half == 0 ? pair.first() : pair.second(), PtxType.PRED);
    }
  }

  private static void compare(Instruction at, Code code, PtxType source) throws PtxException {
    IntegerOps.require(at, !at.has("and") && !at.has("or") && !at.has("xor") && !at.has("ftz"));
    int comparison = -1;
    for (String modifier : at.modifiers()) {
      comparison = Math.max(comparison, PackedCompare.COMPARISONS.indexOf(modifier));
    }
    if (comparison < 0) {
      throw at.syntax(at.name() + " names no comparison");
    }
    code.push(at, 1, source);
    code.push(at, 2, source);
    code.constant(comparison);
    code.call(at, source == PtxType.F16X2 ? "PackedCompare.f16" : "PackedCompare.bf16");
  }
}
