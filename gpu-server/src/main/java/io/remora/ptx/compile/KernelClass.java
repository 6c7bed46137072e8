// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.PtxFunction;
import java.util.List;
import org.objectweb.asm.ClassTooLargeException;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodTooLargeException;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** The frame of a kernel's class: constructor and the choice of the region to run. */
final class KernelClass {
  private static final String INTERFACE = "io/remora/ptx/exec/KernelCode";

  private KernelClass() {}

  /**
   * Begins a class. Its version is that of Java 5: the verifier then infers the types in methods by
   * itself, and no stack maps have to be computed for code that is made anew at each run.
   */
  static ClassWriter start(String name) {
    var type = new ClassWriter(ClassWriter.COMPUTE_MAXS);
    type.visit(
        Opcodes.V1_5,
        Opcodes.ACC_PUBLIC | Opcodes.ACC_FINAL | Opcodes.ACC_SUPER,
        name,
        null,
        "java/lang/Object",
        new String[] {INTERFACE});
    type.visitSource("ptx", null);
    MethodVisitor constructor = type.visitMethod(Opcodes.ACC_PUBLIC, "<init>", "()V", null, null);
    constructor.visitCode();
    constructor.visitVarInsn(Opcodes.ALOAD, 0);
    constructor.visitMethodInsn(Opcodes.INVOKESPECIAL, "java/lang/Object", "<init>", "()V", false);
    constructor.visitInsn(Opcodes.RETURN);
    constructor.visitMaxs(0, 0);
    constructor.visitEnd();
    return type;
  }

  /** Writes {@code run}: a switch over the regions. */
  static void dispatch(ClassWriter type, String name, int regions) {
    MethodVisitor run =
        type.visitMethod(
            Opcodes.ACC_PUBLIC, "run", "(I" + Code.CONTEXT_DESCRIPTOR + "II)J", null, null);
    run.visitCode();
    var labels = new Label[regions];
    for (int i = 0; i < regions; i++) {
      labels[i] = new Label();
    }
    run.visitVarInsn(Opcodes.ILOAD, 1);
    run.visitTableSwitchInsn(0, regions - 1, labels[0], labels);
    for (int i = 0; i < regions; i++) {
      run.visitLabel(labels[i]);
      run.visitVarInsn(Opcodes.ALOAD, 2);
      run.visitVarInsn(Opcodes.ILOAD, 3);
      run.visitVarInsn(Opcodes.ILOAD, 4);
      run.visitMethodInsn(
          Opcodes.INVOKESTATIC, name, RegionWriter.name(i), RegionWriter.DESCRIPTOR, false);
      run.visitInsn(Opcodes.LRETURN);
    }
    run.visitMaxs(0, 0);
    run.visitEnd();
  }

  /** Writes {@code rows}: a switch over the regions that have this form; others refuse. */
  static void dispatchRows(ClassWriter type, String name, List<Integer> regions) {
    MethodVisitor rows =
        type.visitMethod(
            Opcodes.ACC_PUBLIC, "rows", "(I" + Code.CONTEXT_DESCRIPTOR + "II)I", null, null);
    rows.visitCode();
    for (int region : regions) {
      Label next = new Label();
      rows.visitVarInsn(Opcodes.ILOAD, 1);
      rows.visitIntInsn(Opcodes.SIPUSH, region);
      rows.visitJumpInsn(Opcodes.IF_ICMPNE, next);
      rows.visitVarInsn(Opcodes.ALOAD, 2);
      rows.visitVarInsn(Opcodes.ILOAD, 3);
      rows.visitVarInsn(Opcodes.ILOAD, 4);
      rows.visitMethodInsn(
          Opcodes.INVOKESTATIC,
          name,
          RowWays.methodName(region, 0),
          RowWriter.ROW_DESCRIPTOR,
          false);
      rows.visitInsn(Opcodes.IRETURN);
      rows.visitLabel(next);
    }
    rows.visitVarInsn(Opcodes.ALOAD, 2);
    rows.visitVarInsn(Opcodes.ILOAD, 4);
    rows.visitFieldInsn(Opcodes.PUTFIELD, Code.CONTEXT, "refusedTo", "I");
    rows.visitVarInsn(Opcodes.ILOAD, 3);
    rows.visitInsn(Opcodes.IRETURN);
    rows.visitMaxs(0, 0);
    rows.visitEnd();
  }

  static byte[] finish(ClassWriter type, PtxFunction kernel) throws PtxException {
    type.visitEnd();
    try {
      return type.toByteArray();
    } catch (MethodTooLargeException | ClassTooLargeException e) {
      throw new PtxException(
          PtxException.Kind.TOO_LARGE,
          kernel.line(),
          kernel.column(),
          "kernel " + kernel.name() + " is too large for the JVM: " + e.getMessage());
    }
  }
}
