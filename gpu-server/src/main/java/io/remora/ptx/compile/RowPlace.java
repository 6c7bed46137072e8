// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import org.objectweb.asm.Opcodes;

/**
 * Where the threads of a row find what a register points at: the host address is that of thread
 * number 0, if the row began there, plus the thread's number times the step.
 *
 * @param local local of that host address
 * @param step bytes from each thread to the next
 * @param thread local of the thread's number in 64 bits: HotSpot can't make one of the 32-bit
 *     number without a conversion for each thread, as it doesn't know that this doesn't wrap around
 */
record RowPlace(int local, int step, int thread) {
  /** Pushes the host address for the thread that runs. */
  void push(Code code) {
    code.method.visitVarInsn(Opcodes.LLOAD, local);
    if (step != 0) {
      code.method.visitVarInsn(Opcodes.LLOAD, thread);
      code.constant((long) step);
      code.op(Opcodes.LMUL);
      code.op(Opcodes.LADD);
    }
  }
}
