// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.KernelFault;
import io.remora.ptx.MemoryFault;
import org.jspecify.annotations.Nullable;

/** Makes a {@link KernelFault} of what compiled code threw. */
final class Faults {
  private Faults() {}

  static KernelFault of(CompiledKernel compiled, BlockContext block, Throwable thrown) {
    Long address = thrown instanceof MemoryFault fault ? fault.address() : null;
    int lane = Math.min(block.lane, block.threads - 1);
    return new KernelFault(
        kind(thrown),
        compiled.kernel().name(),
        new KernelFault.Position(block.ctaidX, block.ctaidY, block.ctaidZ),
        new KernelFault.Position(block.tidX[lane], block.tidY[lane], block.tidZ[lane]),
        address,
        sourceLine(compiled, thrown),
        detail(thrown));
  }

  private static KernelFault.Kind kind(Throwable thrown) {
    if (thrown instanceof KernelStop stop) {
      return stop.kind();
    }
    if (thrown instanceof MemoryFault fault) {
      return switch (fault.kind()) {
        case ILLEGAL_ADDRESS -> KernelFault.Kind.ILLEGAL_ADDRESS;
        case MISALIGNED_ADDRESS -> KernelFault.Kind.MISALIGNED_ADDRESS;
      };
    }
    return KernelFault.Kind.STACK_OVERFLOW;
  }

  private static String detail(Throwable thrown) {
    @Nullable String message = thrown instanceof KernelStop ? thrown.getMessage() : null;
    return message == null ? "" : message;
  }

  /** The compiled code's line numbers are indices into the table of source lines. */
  private static int sourceLine(CompiledKernel compiled, Throwable thrown) {
    for (StackTraceElement frame : thrown.getStackTrace()) {
      if (frame.getClassName().equals(compiled.className())) {
        int index = frame.getLineNumber();
        return index > 0 && index < compiled.sourceLines().length
            ? compiled.sourceLines()[index]
            : 0;
      }
    }
    return 0;
  }
}
