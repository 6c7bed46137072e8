// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Space;
import org.objectweb.asm.Opcodes;

/**
 * Where the variables of one body are. Shared, local and parameter memory are addressed by offsets
 * from their own start; global and constant memory by device addresses. A device function's
 * parameters lie in its caller's frame; it gets their host addresses as arguments, results first.
 */
final class Addresses {
  /** Local of the first parameter address in a device function's method. */
  static final int FIRST_PARAMETER_LOCAL = 3;

  /** Local of the frame's offset in a device function's method. */
  static final int FRAME_LOCAL = 2;

  private final PtxFunction function;
  private final Program program;
  private final Layout parameters = new Layout();
  private final Layout frame = new Layout();
  private final Layout shared;

  Addresses(PtxFunction function, Program program, Layout shared) {
    this.function = function;
    this.program = program;
    this.shared = shared;
    function.parameters().forEach(parameters::place);
    for (Variable variable : function.variables()) {
      boolean inFrame = variable.space() == Space.LOCAL || variable.space() == Space.PARAM;
      if (inFrame && !isOwnParameter(variable)) {
        frame.place(variable);
      }
    }
  }

  private boolean isOwnParameter(Variable variable) {
    return parameterIndex(variable) >= 0;
  }

  /** Position among results and parameters, or -1. */
  private int parameterIndex(Variable variable) {
    int result = function.results().indexOf(variable);
    if (result >= 0) {
      return result;
    }
    int parameter = function.parameters().indexOf(variable);
    return parameter < 0 ? -1 : function.results().size() + parameter;
  }

  /** Layout of the parameter block of a kernel. */
  Layout parameters() {
    return parameters;
  }

  /** Bytes of local memory of the body itself, a multiple of 16. */
  int frameBytes() {
    return (int) ((frame.bytes() + 15) & -16);
  }

  boolean isKernelParameter(Variable variable) {
    return function.isKernel() && isOwnParameter(variable);
  }

  boolean isFunctionParameter(Variable variable) {
    return !function.isKernel() && isOwnParameter(variable);
  }

  /** Local that holds the host address of a device function's parameter or result. */
  int parameterLocal(Variable variable) {
    return FIRST_PARAMETER_LOCAL + 2 * parameterIndex(variable);
  }

  long parameterOffset(Variable variable) {
    return parameters.place(variable);
  }

  long frameOffset(Variable variable) {
    return frame.place(variable);
  }

  /** Pushes the address of a variable in its own space, or the number of a function. */
  void push(Code code, Instruction at, Operand operand) throws PtxException {
    if (operand instanceof Operand.Function named) {
      code.constant(program.functionAddress(at, named.name()));
      return;
    }
    var symbol = (Operand.Symbol) operand;
    Variable variable = symbol.variable();
    switch (variable.space()) {
      case GLOBAL, CONST -> pushGlobal(code, program.globalIndex(at, variable));
      case SHARED -> code.constant(shared.place(variable));
      case LOCAL -> pushFrame(code, frame.place(variable));
      case PARAM -> pushParameter(code, variable);
    }
    if (symbol.generic()) {
      SpaceConversions.toGeneric(code, at, variable.space());
    }
    if (symbol.offset() != 0) {
      code.constant(symbol.offset());
      code.op(Opcodes.LADD);
    }
  }

  private void pushParameter(Code code, Variable variable) {
    if (isKernelParameter(variable)) {
      code.constant(parameters.place(variable));
    } else if (isFunctionParameter(variable)) {
      code.method.visitVarInsn(Opcodes.LLOAD, parameterLocal(variable));
      code.context();
      code.thread();
      code.contextCall("localHost", "(I)J");
      code.op(Opcodes.LSUB);
    } else {
      pushFrame(code, frame.place(variable));
    }
  }

  /** Pushes an offset in the thread's local memory. */
  private void pushFrame(Code code, long offset) {
    code.constant(offset);
    if (!function.isKernel()) {
      code.method.visitVarInsn(Opcodes.ILOAD, FRAME_LOCAL);
      code.op(Opcodes.I2L);
      code.op(Opcodes.LADD);
    }
  }

  private static void pushGlobal(Code code, int index) {
    int local =
        code.locals.uniform(
            "global" + index,
            Kind.LONG,
            c -> {
              c.context();
              c.contextField("globals", "[J");
              c.constant(index);
              c.op(Opcodes.LALOAD);
            });
    code.method.visitVarInsn(Opcodes.LLOAD, local);
  }

  /** Checks that an access at a constant place lies in its variable. */
  static void checkInside(Instruction at, Variable variable, long offset, int bytes)
      throws PtxException {
    if (offset < 0 || offset > variable.bytes() - bytes) {
      throw at.syntax(
          at.name() + " reaches beyond the " + variable.bytes() + " bytes of " + variable.name());
    }
    if ((offset & (bytes - 1)) != 0) {
      throw at.syntax(at.name() + " is not aligned to " + bytes + " bytes");
    }
  }
}
