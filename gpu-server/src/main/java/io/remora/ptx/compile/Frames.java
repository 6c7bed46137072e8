// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import org.objectweb.asm.Opcodes;

/** The part of a thread's local memory that belongs to the running body. */
final class Frames {
  private Frames() {}

  /** Pushes the host address where the body's frame begins. */
  static void pushHost(Code code) {
    code.context();
    code.thread();
    code.contextCall("localHost", "(I)J");
    if (!code.unit.isKernel()) {
      code.method.visitVarInsn(Opcodes.ILOAD, Addresses.FRAME_LOCAL);
      code.op(Opcodes.I2L);
      code.op(Opcodes.LADD);
    }
  }
}
