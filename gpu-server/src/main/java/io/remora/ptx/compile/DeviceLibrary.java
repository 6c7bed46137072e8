// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Variable;
import org.objectweb.asm.Opcodes;

/** Functions that every device provides without a body in the module. */
final class DeviceLibrary {
  private DeviceLibrary() {}

  static void call(Instruction at, Code code, CallOps.Call call, String name) throws PtxException {
    switch (name) {
      case "vprintf" -> {
        requireArguments(at, call, 2);
        CallOps.pushHost(code, result(at, call));
        code.context();
        pushLong(at, code, call.arguments().get(0));
        pushLong(at, code, call.arguments().get(1));
        code.contextCall("print", "(JJ)I");
        code.call(at, "Access.rawStoreInt");
      }
      case "__assertfail" -> {
        requireArguments(at, call, 5);
        code.context();
        pushLong(at, code, call.arguments().get(0));
        pushLong(at, code, call.arguments().get(1));
        CallOps.pushHost(code, call.arguments().get(2));
        code.call(at, "Access.rawLoadInt");
        pushLong(at, code, call.arguments().get(3));
        code.contextCall("assertion", "(JJIJ)Lio/remora/ptx/exec/KernelStop;");
        code.op(Opcodes.ATHROW);
      }
      case "malloc" -> {
        requireArguments(at, call, 1);
        if (call.results().size() != 1 || call.results().get(0).bytes() != 8) {
          throw at.syntax("malloc has one 64-bit result");
        }
        CallOps.pushHost(code, call.results().get(0));
        code.context();
        pushLong(at, code, call.arguments().get(0));
        code.contextCall("allocate", "(J)J");
        code.call(at, "Access.rawStoreLong");
      }
      case "free" -> {
        requireArguments(at, call, 1);
        code.context();
        pushLong(at, code, call.arguments().get(0));
        code.contextCall("release", "(J)V");
      }
      case "cudaGraphSetConditional" -> {
        requireArguments(at, call, 2);
        code.context();
        pushLong(at, code, call.arguments().get(0));
        CallOps.pushHost(code, call.arguments().get(1));
        code.call(at, "Access.rawLoadInt");
        code.contextCall("setCondition", "(JI)V");
      }
      default ->
          throw at.unsupported("function " + name + " is declared but not defined in this module");
    }
  }

  /** Whether it is a function of the heap. */
  static boolean isOfHeap(String name) {
    return name.equals("malloc") || name.equals("free");
  }

  private static Variable result(Instruction at, CallOps.Call call) throws PtxException {
    if (call.results().size() != 1 || call.results().get(0).bytes() < 4) {
      throw at.syntax("this function has one 32-bit result");
    }
    return call.results().get(0);
  }

  private static void requireArguments(Instruction at, CallOps.Call call, int count)
      throws PtxException {
    if (call.arguments().size() != count) {
      throw at.syntax("this function has " + count + " arguments");
    }
  }

  private static void pushLong(Instruction at, Code code, Variable variable) throws PtxException {
    if (variable.bytes() != 8) {
      throw at.syntax(variable.name() + " must have 64 bits");
    }
    CallOps.pushHost(code, variable);
    code.call(at, "Access.rawLoadLong");
  }
}
