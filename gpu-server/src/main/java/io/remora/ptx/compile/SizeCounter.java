// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Writes nothing, but counts how long the code would be, to within a few percent. */
final class SizeCounter extends MethodVisitor {
  private static final int WIDE_JUMP = 3;
  private int bytes;

  SizeCounter() {
    super(Opcodes.ASM9);
  }

  /** Bytes since the last call. */
  int take() {
    int taken = bytes;
    bytes = 0;
    return taken;
  }

  @Override
  public void visitInsn(int opcode) {
    bytes++;
  }

  @Override
  public void visitIntInsn(int opcode, int operand) {
    bytes += 3;
  }

  @Override
  public void visitVarInsn(int opcode, int local) {
    bytes += local < 256 ? 2 : 4;
  }

  @Override
  public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
    bytes += 3;
  }

  @Override
  public void visitMethodInsn(
      int opcode, String owner, String name, String descriptor, boolean isInterface) {
    bytes += 3;
  }

  @Override
  public void visitJumpInsn(int opcode, Label label) {
    bytes += WIDE_JUMP;
  }

  @Override
  public void visitLdcInsn(Object value) {
    bytes += 3;
  }

  @Override
  public void visitIincInsn(int local, int increment) {
    bytes += local < 256 ? 3 : 6;
  }

  @Override
  public void visitTableSwitchInsn(int min, int max, Label other, Label... labels) {
    bytes += 16 + 4 * labels.length;
  }
}
