// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.util.List;
import org.objectweb.asm.Opcodes;

/** {@code atom} and {@code red} (PTX ISA 9.7.13.5 and 9.7.13.6). */
final class AtomicOps {
  private AtomicOps() {}

  static void atom(Instruction at, Code code) throws PtxException {
    PtxType type = work(at);
    if (isVector(at)) {
      vector(at, code, type, 1);
      return;
    }
    emit(at, code, type, 1);
    code.store(at, 0, type);
  }

  static void red(Instruction at, Code code) throws PtxException {
    PtxType type = work(at);
    if (isVector(at)) {
      vector(at, code, type, 0);
      return;
    }
    emit(at, code, type, 0);
    code.op(Kind.of(type).slots == 2 ? Opcodes.POP2 : Opcodes.POP);
  }

  /** The type worked with: untyped bits count as unsigned. */
  private static PtxType work(Instruction at) throws PtxException {
    PtxType type = at.type(0);
    return type.family() == PtxType.Family.BITS ? LogicOps.unsigned(type) : type;
  }

  private static boolean isVector(Instruction at) {
    return at.has("v2") || at.has("v4") || at.has("v8");
  }

  /** Each element is updated by itself, as the manual says. */
  private static void vector(Instruction at, Code code, PtxType type, int addressOperand)
      throws PtxException {
    List<Operand> values = MatrixShapes.registers(at, addressOperand + 1);
    List<Operand> results = addressOperand == 1 ? MatrixShapes.registers(at, 0) : values;
    int count = at.has("v2") ? 2 : at.has("v4") ? 4 : 8;
    if (values.size() != count || results.size() != count) {
      throw at.syntax(at.name() + " needs " + count + " registers");
    }
    String name = "Atomics." + name(at, operation(at), type);
    MemoryOps.pushHost(at, MemoryOps.address(at, addressOperand), type.bytes() * count, code);
    int host = code.locals.temporary(2);
    code.method.visitVarInsn(Opcodes.LSTORE, host);
    // The values first: an element's register may be the one that another's result goes to.
    int[] taken = new int[count];
    Kind kind = Kind.of(type);
    for (int i = 0; i < count; i++) {
      taken[i] = code.locals.temporary(kind.slots);
      code.push(at, values.get(i), type);
      code.method.visitVarInsn(kind.store, taken[i]);
    }
    for (int i = 0; i < count; i++) {
      code.method.visitVarInsn(Opcodes.LLOAD, host);
      code.constant((long) i * type.bytes());
      code.op(Opcodes.LADD);
      code.method.visitVarInsn(kind.load, taken[i]);
      code.call(at, name);
      if (addressOperand == 1) {
        code.store(at, results.get(i), type);
      } else {
        code.op(kind.slots == 2 ? Opcodes.POP2 : Opcodes.POP);
      }
    }
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
    String name = name(at, operation, type);
    if (name.equals("addFloatGeneric")) {
      if (code.unit.program().reachesOthers()) {
        ClusterOps.pushSharedMemory(code);
      } else {
        MemoryOps.pushSharedMemory(code);
      }
    }
    code.call(at, "Atomics." + name);
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
    boolean isPair = type == PtxType.F16X2 || type == PtxType.BF16X2;
    if ((operation.equals("min") || operation.equals("max")) && HalfOps.isHalf(type)) {
      String owner = type == PtxType.F16 || type == PtxType.F16X2 ? "F16" : "Bf16";
      return operation + owner + (isPair ? "x2" : "");
    }
    return switch (operation) {
      case "add" ->
          switch (type) {
            case F32 -> floatAddition(at);
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

  /** Only shared memory keeps subnormal numbers; vectors are always in global memory. */
  private static String floatAddition(Instruction at) throws PtxException {
    MemoryOps.Path path = MemoryOps.path(at);
    if (path == MemoryOps.Path.SHARED || path == MemoryOps.Path.CLUSTER) {
      return "addFloat";
    }
    return at.has("global") || isVector(at) ? "addFloatFlushed" : "addFloatGeneric";
  }
}
