// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import org.objectweb.asm.Opcodes;

/**
 * Where the threads of a row find what a register points at: the host address is that of thread
 * number 0, if the row began there, plus the thread's number times the step.
 *
 * @param local local of that host address
 * @param step bytes from each thread to the next
 */
record RowPlace(int local, int step) {
  /** Pushes the host address for the thread of the code. */
  void push(Code code) {
    code.method.visitVarInsn(Opcodes.LLOAD, local);
    if (step != 0) {
      code.thread();
      code.op(Opcodes.I2L);
      code.constant((long) step);
      code.op(Opcodes.LMUL);
      code.op(Opcodes.LADD);
    }
  }
}
