// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.Arrays;
import java.util.BitSet;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Writes a device function that never waits as a static method. */
final class FunctionWriter extends MethodWriter {
  /** Local that holds the top of the stack at the call; -1 if the function takes nothing there. */
  private final int stackTop;

  private FunctionWriter(Code code, BlockWriter writer, int fuelLocal) {
    super(code, writer, fuelLocal);
    stackTop =
        StackOps.takes(code.unit.function())
            ? code.locals.uniform("stackTop", Kind.LONG, StackOps::pushTop)
            : -1;
  }

  static void write(ClassWriter type, CodeUnit unit, KindVotes kinds, SourceLines lines)
      throws PtxException {
    PtxFunction function = unit.function();
    MethodVisitor method =
        type.visitMethod(
            Opcodes.ACC_STATIC,
            Program.methodName(function.name()),
            Program.descriptor(function.prototype()),
            null,
            null);
    int addresses = function.results().size() + function.parameters().size();
    int fuelLocal = Addresses.FIRST_PARAMETER_LOCAL + 2 * addresses;
    BitSet crossing = BlockWriter.crossing(unit);
    var code = new Code(method, new Locals(0, 1, fuelLocal + 1, crossing), unit, kinds);
    var writer = new FunctionWriter(code, new BlockWriter(code, crossing, lines), fuelLocal);
    writer.write();
  }

  private void write() throws PtxException {
    Label prologue = new Label();
    Label body = new Label();
    method.visitCode();
    code.jump(Opcodes.GOTO, prologue);
    code.label(body);
    for (int id : unit.flow().liveIn(0).stream().toArray()) {
      Undefined.write(code, unit.function().registers().get(id));
    }
    blocks(Arrays.stream(unit.flow().order()).boxed().toList(), 0);
    code.label(prologue);
    int frame = unit.addresses().frameBytes();
    // A frame of its own even if it is empty, so that endless recursion ends at the stack's limit.
    code.context();
    method.visitVarInsn(Opcodes.ILOAD, Addresses.FRAME_LOCAL);
    code.constant(Math.max(frame, 16));
    code.contextCall("checkStack", "(II)V");
    prologue();
    code.jump(Opcodes.GOTO, body);
    method.visitMaxs(0, 0);
    method.visitEnd();
  }

  @Override
  boolean leaves(int target) {
    return false;
  }

  @Override
  void leave(int target) {
    throw new IllegalStateException("a device function has one method");
  }

  @Override
  boolean giveWay(int target) {
    return false;
  }

  @Override
  void exit() {
    // Behind a trap, which never comes back; functions with exit are inlined.
    code.op(Opcodes.RETURN);
  }

  @Override
  void returnFromBody() {
    if (stackTop >= 0) {
      code.context();
      code.thread();
      method.visitVarInsn(Opcodes.LLOAD, stackTop);
      code.contextCall("setStackTop", "(IJ)V");
    }
    code.op(Opcodes.RETURN);
  }

  @Override
  void suspend(Terminator.Suspend suspend) throws PtxException {
    throw suspend.at().unsupported("waiting in a function that isn't inlined");
  }

  /** Registers that are read before they are written. */
  static final class Undefined {
    private Undefined() {}

    static void write(Code code, Register register) {
      Kind kind = code.kind(register);
      code.op(
          switch (kind) {
            case INT -> Opcodes.ICONST_0;
            case LONG -> Opcodes.LCONST_0;
            case FLOAT -> Opcodes.FCONST_0;
            case DOUBLE -> Opcodes.DCONST_0;
          });
      code.method.visitVarInsn(kind.store, code.locals.of(register, kind));
    }
  }
}
