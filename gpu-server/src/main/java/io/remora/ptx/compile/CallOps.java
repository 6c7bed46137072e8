// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Variable;
import java.util.ArrayList;
import java.util.List;
import org.objectweb.asm.Label;
import org.objectweb.asm.Opcodes;

/**
 * {@code call} (PTX ISA 9.7.12.5). Arguments and results lie in the caller's frame; the method gets
 * the block, the thread, the offset of its own frame and the host address of each result and
 * argument.
 */
final class CallOps {
  private CallOps() {}

  /** The parts of a call. */
  record Call(List<Variable> results, Operand target, List<Variable> arguments, String prototype) {}

  static Call parse(Instruction at) throws PtxException {
    List<Operand> operands = new ArrayList<>(at.operands());
    List<Variable> results = List.of();
    if (!operands.isEmpty() && operands.get(0) instanceof Operand.Group group) {
      results = variables(at, group);
      operands.remove(0);
    }
    if (operands.isEmpty()) {
      throw at.syntax("call names no function");
    }
    Operand target = operands.remove(0);
    List<Variable> arguments = List.of();
    if (!operands.isEmpty() && operands.get(0) instanceof Operand.Group group) {
      arguments = variables(at, group);
      operands.remove(0);
    }
    String prototype =
        !operands.isEmpty() && operands.get(0) instanceof Operand.Label label ? label.name() : "";
    return new Call(results, target, arguments, prototype);
  }

  private static List<Variable> variables(Instruction at, Operand.Group group) throws PtxException {
    var variables = new ArrayList<Variable>();
    for (Operand element : group.elements()) {
      if (element instanceof Operand.Symbol symbol
          && symbol.offset() == 0
          && symbol.variable().space() == Variable.Space.PARAM) {
        variables.add(symbol.variable());
      } else {
        throw at.unsupported("arguments of a call must be .param variables");
      }
    }
    return variables;
  }

  static void call(Instruction at, Code code) throws PtxException {
    Call call = parse(at);
    if (call.target() instanceof Operand.Function function) {
      direct(at, code, call, function.name());
    } else if (call.target() instanceof Operand.Reg) {
      indirect(at, code, call);
    } else {
      throw at.syntax("there is no function for this call");
    }
  }

  private static void direct(Instruction at, Code code, Call call, String name)
      throws PtxException {
    PtxFunction callee = code.unit.program().function(at, name);
    if (!callee.hasBody()) {
      DeviceLibrary.call(at, code, call, name);
      return;
    }
    checkShape(at, call, callee.prototype());
    code.unit.program().require(callee);
    pushArguments(code, call);
    invoke(code, callee.name(), callee.prototype());
  }

  private static void invoke(Code code, String name, PtxFunction.Prototype prototype) {
    code.method.visitMethodInsn(
        Opcodes.INVOKESTATIC,
        code.unit.program().className(),
        Program.methodName(name),
        Program.descriptor(prototype),
        false);
  }

  private static void checkShape(Instruction at, Call call, PtxFunction.Prototype prototype)
      throws PtxException {
    boolean fits =
        sizes(call.results()).equals(prototype.results())
            && sizes(call.arguments()).equals(prototype.parameters());
    if (!fits) {
      throw at.syntax("the arguments of this call don't fit the function's parameters");
    }
  }

  private static List<Long> sizes(List<Variable> variables) {
    return variables.stream().map(Variable::bytes).toList();
  }

  private static void pushArguments(Code code, Call call) {
    code.context();
    code.thread();
    int frame = code.unit.addresses().frameBytes();
    code.constant(frame);
    if (!code.unit.isKernel()) {
      code.method.visitVarInsn(Opcodes.ILOAD, Addresses.FRAME_LOCAL);
      code.op(Opcodes.IADD);
    }
    for (Variable variable : call.results()) {
      pushHost(code, variable);
    }
    for (Variable variable : call.arguments()) {
      pushHost(code, variable);
    }
  }

  /** Pushes the host address of a {@code .param} variable. */
  static void pushHost(Code code, Variable variable) {
    Addresses addresses = code.unit.addresses();
    if (addresses.isFunctionParameter(variable)) {
      code.method.visitVarInsn(Opcodes.LLOAD, addresses.parameterLocal(variable));
    } else if (addresses.isKernelParameter(variable)) {
      code.context();
      code.contextField("parameterHost", "J");
      code.constant(addresses.parameterOffset(variable));
      code.op(Opcodes.LADD);
    } else {
      Frames.pushHost(code);
      code.constant(addresses.frameOffset(variable));
      code.op(Opcodes.LADD);
    }
  }

  /** Compares the pointer with each function of the right shape whose address is taken. */
  private static void indirect(Instruction at, Code code, Call call) throws PtxException {
    PtxFunction.Prototype prototype = code.unit.function().prototypes().get(call.prototype());
    if (prototype == null) {
      throw at.unsupported("an indirect call needs a .callprototype");
    }
    checkShape(at, call, prototype);
    Label end = new Label();
    for (PtxFunction candidate : code.unit.program().addressed(prototype)) {
      Label next = new Label();
      code.push(at, call.target(), PtxType.U64);
      code.constant(code.unit.program().functionAddress(at, candidate.name()));
      code.op(Opcodes.LCMP);
      code.jump(Opcodes.IFNE, next);
      code.unit.program().require(candidate);
      pushArguments(code, call);
      invoke(code, candidate.name(), prototype);
      code.jump(Opcodes.GOTO, end);
      code.label(next);
    }
    code.method.visitLdcInsn("a call through a pointer that is not a function of this shape");
    code.call(Code.CONTEXT, "illegal", "(Ljava/lang/String;)Lio/remora/ptx/exec/KernelStop;");
    code.op(Opcodes.ATHROW);
    code.label(end);
  }
}
