// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Opcodes;

/** {@code atom} and {@code red} (PTX ISA 9.7.13.5 and 9.7.13.6). */
final class AtomicOps {
  private AtomicOps() {}

  static void atom(Instruction at, Code code) throws PtxException {
    PtxType type = work(at);
    emit(at, code, type, 1);
    code.store(at, 0, type);
  }

  static void red(Instruction at, Code code) throws PtxException {
    PtxType type = work(at);
    emit(at, code, type, 0);
    code.op(Kind.of(type).slots == 2 ? Opcodes.POP2 : Opcodes.POP);
  }

  /** The type worked with: untyped bits count as unsigned. */
  private static PtxType work(Instruction at) throws PtxException {
    if (at.has("v2") || at.has("v4") || at.has("v8")) {
      throw at.unsupported("vector atomics");
    }
    PtxType type = at.type(0);
    return type.family() == PtxType.Family.BITS ? LogicOps.unsigned(type) : type;
  }

  private static void emit(Instruction at, Code code, PtxType type, int addressOperand)
      throws PtxException {
    Operand.Address address = MemoryOps.address(at, addressOperand);
    MemoryOps.pushHost(at, address, type.bytes(), code);
    String operation = operation(at);
    code.push(at, addressOperand + 1, type);
    if (operation.equals("cas")) {
      code.push(at, addressOperand + 2, type);
    }
    code.call(at, "Atomics." + name(at, operation, type));
  }

  private static String operation(Instruction at) throws PtxException {
    for (String modifier : at.modifiers()) {
      switch (modifier) {
        case "add", "exch", "cas", "and", "or", "xor", "min", "max", "inc", "dec":
          return modifier;
        default:
      }
    }
    throw at.syntax(at.name() + " names no operation");
  }

  private static String name(Instruction at, String operation, PtxType type) throws PtxException {
    String width =
        switch (type.bits()) {
          case 16 -> "Short";
          case 32 -> "Int";
          case 64 -> "Long";
          default -> throw at.unsupported("this width");
        };
    return switch (operation) {
      case "add" ->
          switch (type) {
            case F32 -> "addFloat";
            case F64 -> "addDouble";
            case F16 -> "addF16";
            case BF16 -> "addBf16";
            case F16X2 -> "addF16x2";
            case BF16X2 -> "addBf16x2";
            default -> "add" + width;
          };
      case "min", "max" -> {
        IntegerOps.require(at, type.isInteger());
        yield operation + (type.isSigned() ? "Signed" : "Unsigned") + width;
      }
      default -> {
        IntegerOps.require(at, type.isInteger());
        yield operation + width;
      }
    };
  }
}
