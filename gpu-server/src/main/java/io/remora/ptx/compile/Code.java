// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.Operand.Imm;
import io.remora.ptx.ir.Operand.Reg;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.SpecialRegisters;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * The method being written, seen by the emitters of single instructions: pushes operands, pops
 * results, converts between the type an instruction wants and the kind a register is kept in.
 *
 * <p>Registers narrower than 32 bits are kept in ints whose upper bits mean nothing; reading one as
 * a signed or unsigned type extends it.
 */
final class Code {
  static final String CONTEXT = "io/remora/ptx/exec/BlockContext";
  static final String CONTEXT_DESCRIPTOR = "L" + CONTEXT + ";";
  static final String MEMORY_DESCRIPTOR = "Lio/remora/ptx/memory/DeviceMemory;";

  final MethodVisitor method;
  final Locals locals;
  final CodeUnit unit;
  private final KindVotes kinds;

  /** Accesses that need no check here, because they were checked before. */
  Set<Instruction> verified = Set.of();

  /** Where those of the former are whose places were worked out for a row of threads. */
  Map<Instruction, RowPlace> places = Map.of();

  /** Instructions that nobody needs here. */
  Set<Instruction> dropped = Set.of();

  /** Instructions for which other code is written. */
  Map<Instruction, Runnable> replaced = Map.of();

  /** Groups of the block that is being written. */
  @Nullable SharedGroups sharedGroups;

  Code(MethodVisitor method, Locals locals, CodeUnit unit, KindVotes kinds) {
    this.method = method;
    this.locals = locals;
    this.unit = unit;
    this.kinds = kinds;
  }

  Kind kind(Register register) {
    return kinds.kind(register);
  }

  KindVotes kinds() {
    return kinds;
  }

  void op(int opcode) {
    method.visitInsn(opcode);
  }

  void jump(int opcode, Label label) {
    method.visitJumpInsn(opcode, label);
  }

  void label(Label label) {
    method.visitLabel(label);
  }

  void constant(int value) {
    if (value >= -1 && value <= 5) {
      method.visitInsn(Opcodes.ICONST_0 + value);
    } else if (value == (byte) value) {
      method.visitIntInsn(Opcodes.BIPUSH, value);
    } else if (value == (short) value) {
      method.visitIntInsn(Opcodes.SIPUSH, value);
    } else {
      method.visitLdcInsn(value);
    }
  }

  void constant(long value) {
    if (value == 0 || value == 1) {
      method.visitInsn(Opcodes.LCONST_0 + (int) value);
    } else if (value == (short) value) {
      constant((int) value);
      method.visitInsn(Opcodes.I2L);
    } else {
      method.visitLdcInsn(value);
    }
  }

  /** Calls a method of the engine's libraries. */
  void call(Instruction at, String name) throws PtxException {
    MathLibrary.Entry entry = MathLibrary.find(name);
    if (entry == null) {
      throw at.unsupported("this combination of modifiers and types is not implemented");
    }
    method.visitMethodInsn(
        Opcodes.INVOKESTATIC, entry.owner(), entry.name(), entry.descriptor(), false);
  }

  /** Whether the libraries have a method of this name. */
  static boolean has(String name) {
    return MathLibrary.find(name) != null;
  }

  /** Pushes the block. */
  void context() {
    method.visitVarInsn(Opcodes.ALOAD, locals.context());
  }

  /** Pushes the number of the thread in its block. */
  void thread() {
    method.visitVarInsn(Opcodes.ILOAD, locals.thread());
  }

  /** Calls a method of the block, which must be on the stack below its arguments. */
  void contextCall(String name, String descriptor) {
    method.visitMethodInsn(Opcodes.INVOKEVIRTUAL, CONTEXT, name, descriptor, false);
  }

  void contextField(String name, String descriptor) {
    method.visitFieldInsn(Opcodes.GETFIELD, CONTEXT, name, descriptor);
  }

  /** The n-th operand of an instruction. */
  static Operand operand(Instruction at, int n) throws PtxException {
    if (n >= at.operands().size()) {
      throw at.syntax(at.name() + " needs at least " + (n + 1) + " operands");
    }
    return at.operands().get(n);
  }

  /** Pushes the n-th operand, which must be exactly as wide as the type. */
  void push(Instruction at, int n, PtxType type) throws PtxException {
    push(at, operand(at, n), type, false);
  }

  /** Pushes an operand that may be wider than the type, as ld, st and cvt allow. */
  void pushNarrowing(Instruction at, Operand operand, PtxType type) throws PtxException {
    push(at, operand, type, true);
  }

  /** Pushes an operand, which must be exactly as wide as the type. */
  void push(Instruction at, Operand operand, PtxType type) throws PtxException {
    push(at, operand, type, false);
  }

  private void push(Instruction at, Operand operand, PtxType type, boolean mayBeWider)
      throws PtxException {
    if (operand instanceof Reg reg) {
      pushRegister(at, reg, type, mayBeWider);
    } else if (operand instanceof Imm imm) {
      pushImmediate(at, imm, type);
    } else if (operand instanceof Operand.Special special) {
      PtxType own = SpecialRegisters.type(special.name());
      SpecialValues.push(this, special.name());
      if (own != PtxType.PRED || type != PtxType.PRED) {
        convertIntegers(at, own, type);
      }
    } else if (operand instanceof Operand.Symbol || operand instanceof Operand.Function) {
      unit.addresses().push(this, at, operand);
      convertIntegers(at, PtxType.U64, type);
    } else {
      throw at.syntax("an operand of " + at.name() + " is of the wrong form");
    }
  }

  private void convertIntegers(Instruction at, PtxType from, PtxType to) throws PtxException {
    if (!to.isInteger() || to.bits() < 32) {
      throw at.syntax("an operand of " + at.name() + " doesn't fit " + to.spelling());
    }
    if (from.bits() == 64 && to.bits() == 32) {
      op(Opcodes.L2I);
    } else if (from.bits() == 32 && to.bits() == 64) {
      op(Opcodes.I2L);
      constant(0xffff_ffffL);
      op(Opcodes.LAND);
    }
  }

  private void pushRegister(Instruction at, Reg reg, PtxType type, boolean mayBeWider)
      throws PtxException {
    Register register = reg.register();
    checkWidth(at, register, type, mayBeWider);
    kinds.vote(register, type);
    Kind kind = kind(register);
    method.visitVarInsn(kind.load, locals.of(register, kind));
    if (reg.negated()) {
      constant(1);
      op(Opcodes.IXOR);
    }
    convert(kind, Kind.of(type));
    extend(type, register.type().bits());
  }

  private static void checkWidth(
      Instruction at, Register register, PtxType type, boolean mayBeWider) throws PtxException {
    int have = register.type().bits();
    boolean fits = have == type.bits() || (mayBeWider && have > type.bits());
    boolean predicates = register.type() == PtxType.PRED || type == PtxType.PRED;
    // Bytes have no registers of their own: instructions on them use 16 or 32 bits.
    boolean isByte = type.bits() == 8 && have >= 8;
    if (!fits && !isByte || predicates && register.type() != type) {
      throw at.syntax(
          register.name()
              + " is "
              + register.type().spelling()
              + " but "
              + at.name()
              + " needs "
              + type.spelling());
    }
  }

  /** Converts the bits on the stack from one kind to another. */
  void convert(Kind from, Kind to) {
    if (from == to) {
      return;
    }
    switch (from) {
      case FLOAT -> {
        call("java/lang/Float", "floatToRawIntBits", "(F)I");
        convert(Kind.INT, to);
      }
      case DOUBLE -> {
        call("java/lang/Double", "doubleToRawLongBits", "(D)J");
        convert(Kind.LONG, to);
      }
      case INT -> {
        if (to == Kind.FLOAT) {
          call("java/lang/Float", "intBitsToFloat", "(I)F");
        } else {
          op(Opcodes.I2L);
          convert(Kind.LONG, to);
        }
      }
      case LONG -> {
        if (to == Kind.DOUBLE) {
          call("java/lang/Double", "longBitsToDouble", "(J)D");
        } else {
          op(Opcodes.L2I);
          convert(Kind.INT, to);
        }
      }
    }
  }

  void call(String owner, String name, String descriptor) {
    method.visitMethodInsn(Opcodes.INVOKESTATIC, owner, name, descriptor, false);
  }

  /** Extends a value narrower than 32 bits as its type says. */
  void extend(PtxType type, int registerBits) {
    switch (type) {
      case S8 -> op(Opcodes.I2B);
      case B8, U8 -> {
        constant(0xff);
        op(Opcodes.IAND);
      }
      case S16 -> op(Opcodes.I2S);
      case U16, F16, BF16 -> op(Opcodes.I2C);
      case B16 -> {
        if (registerBits > 16) {
          op(Opcodes.I2C);
        }
      }
      default -> {}
    }
  }

  private void pushImmediate(Instruction at, Imm imm, PtxType type) throws PtxException {
    switch (Kind.of(type)) {
      case FLOAT -> method.visitLdcInsn(Immediates.asFloat(at, imm));
      case DOUBLE -> method.visitLdcInsn(Immediates.asDouble(at, imm));
      case LONG -> constant(imm.bits());
      case INT -> constant(Immediates.asInt(at, imm, type));
    }
  }

  /** Pops a result of this type into the n-th operand. */
  void store(Instruction at, int n, PtxType type) throws PtxException {
    store(at, operand(at, n), type);
  }

  /** Pops a result of this type, extending it if the register is wider. */
  void store(Instruction at, Operand destination, PtxType type) throws PtxException {
    if (destination instanceof Operand.Sink) {
      op(Kind.of(type).slots == 2 ? Opcodes.POP2 : Opcodes.POP);
      return;
    }
    if (!(destination instanceof Reg reg) || reg.negated()) {
      throw at.syntax("the destination of " + at.name() + " must be a register");
    }
    Register register = reg.register();
    boolean predicate = register.type() == PtxType.PRED;
    if (register.type().bits() < type.bits() || predicate != (type == PtxType.PRED)) {
      checkWidth(at, register, type, false);
    }
    kinds.vote(register, type);
    Kind kind = kind(register);
    Kind have = Kind.of(type);
    if (have == Kind.INT && register.type().bits() == 64) {
      op(Opcodes.I2L);
      if (!type.isSigned()) {
        constant(0xffff_ffffL);
        op(Opcodes.LAND);
      }
      convert(Kind.LONG, kind);
    } else {
      convert(have, kind);
    }
    method.visitVarInsn(kind.store, locals.of(register, kind));
  }
}
