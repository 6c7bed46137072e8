// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Register;
import java.util.ArrayList;
import java.util.List;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Writes how a row of threads keeps registers with steps for the next region: a row that runs as a
 * whole keeps one value of each, a part of a row keeps all its threads'. See {@link
 * io.remora.ptx.exec.BlockContext#keptOnce}.
 */
final class RowKeeper {
  private static final String FILL = "io/remora/ptx/exec/RowFill";

  private final RegionWriter region;
  private final Code code;
  private final MethodVisitor method;
  private final KernelPlan plan;
  private final RowPlan rows;
  private final RowLocals locals;

  RowKeeper(RegionWriter region, RowPlan rows, RowLocals locals) {
    this.region = region;
    this.code = region.code;
    this.method = region.method;
    this.plan = region.plan;
    this.rows = rows;
    this.locals = locals;
  }

  /** Whether a register is kept for the row when it is done, not by its threads. */
  boolean isFilled(Register register) {
    return rows.filled().contains(register) && plan.kept().isLinear(register);
  }

  /** Notes whether the row is whole; of one that isn't, each thread needs its registers. */
  void startRow() {
    if (plan.kept().isEmpty()) {
      return;
    }
    Label part = new Label();
    Label known = new Label();
    code.constant(0);
    method.visitVarInsn(Opcodes.ISTORE, locals.whole());
    method.visitVarInsn(Opcodes.ILOAD, locals.first());
    method.visitVarInsn(Opcodes.ILOAD, locals.delta());
    code.jump(Opcodes.IF_ICMPNE, part);
    method.visitVarInsn(Opcodes.ILOAD, locals.end());
    method.visitVarInsn(Opcodes.ILOAD, locals.delta());
    code.op(Opcodes.ISUB);
    SpecialValues.push(code, "%ntid.x");
    code.jump(Opcodes.IF_ICMPNE, part);
    code.constant(1);
    method.visitVarInsn(Opcodes.ISTORE, locals.whole());
    code.jump(Opcodes.GOTO, known);
    code.label(part);
    spread();
    code.label(known);
  }

  /** The row goes on in parts. */
  void split() {
    if (!plan.kept().isEmpty()) {
      code.constant(0);
      method.visitVarInsn(Opcodes.ISTORE, locals.whole());
      spread();
    }
  }

  private void spread() {
    code.context();
    method.visitVarInsn(Opcodes.ILOAD, locals.delta());
    code.contextCall("spread", "(I)V");
  }

  /** Keeps the row's registers: it is done. */
  void fill(Code atFirst) {
    List<Register> once = new ArrayList<>();
    List<Register> each = new ArrayList<>();
    for (Register register : rows.filled()) {
      if (isFilled(register) && !plan.recomputation().covers(register.id())) {
        (plan.kept().has(register) ? once : each).add(register);
      }
    }
    each.forEach(register -> fillAll(register, atFirst));
    long written = plan.kept().mask(region.writtenRegisters());
    if (written == 0) {
      return;
    }
    Label part = new Label();
    Label done = new Label();
    method.visitVarInsn(Opcodes.ILOAD, locals.whole());
    code.jump(Opcodes.IFEQ, part);
    for (Register register : once) {
      Kind kind = code.kind(register);
      region.pushFrame(register, kind, locals.first());
      method.visitVarInsn(kind.load, atFirst.locals.of(register, kind));
      code.op(kind.frameStore);
    }
    note(written, plan.kept().mask(once));
    code.jump(Opcodes.GOTO, done);
    code.label(part);
    once.forEach(register -> fillAll(register, atFirst));
    code.label(done);
  }

  private void note(long written, long kept) {
    int array =
        code.locals.uniformReference(
            "keptOnce",
            c -> {
              c.context();
              c.contextField("keptOnce", "[J");
            });
    method.visitVarInsn(Opcodes.ALOAD, array);
    method.visitVarInsn(Opcodes.ILOAD, locals.delta());
    code.op(Opcodes.DUP2);
    code.op(Opcodes.LALOAD);
    code.constant(~written);
    code.op(Opcodes.LAND);
    code.constant(kept);
    code.op(Opcodes.LOR);
    code.op(Opcodes.LASTORE);
  }

  private void fillAll(Register register, Code atFirst) {
    Kind kind = code.kind(register);
    region.pushFrame(register, kind, locals.first());
    method.visitVarInsn(Opcodes.ILOAD, locals.span());
    method.visitVarInsn(kind.load, atFirst.locals.of(register, kind));
    boolean integer = kind == Kind.INT || kind == Kind.LONG;
    if (integer) {
      code.constant((int) plan.steps().of(register));
    }
    code.call(
        FILL,
        "fill",
        "(" + kind.frameDescriptor + "II" + kind.descriptor + (integer ? "I" : "") + ")V");
  }
}
