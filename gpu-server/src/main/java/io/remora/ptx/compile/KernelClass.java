// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.PtxFunction;
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
