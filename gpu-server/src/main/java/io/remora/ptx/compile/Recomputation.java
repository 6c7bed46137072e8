// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Variable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Registers that are cheaper to compute again behind a suspension than to keep over it: those
 * written once, by a short chain of cheap instructions from constants, parameters and thread
 * coordinates. Most pointers and indices of nvcc's kernels are such, and what is the same for all
 * threads HotSpot then computes once for all.
 */
final class Recomputation {
  private static final int MAX_CHAIN = 6;
  private static final Set<String> CHEAP =
      Set.of("mov", "add", "sub", "mul", "mad", "shl", "shr", "and", "or", "cvta", "cvt");

  private final Map<Integer, Instruction> definitions = new HashMap<>();
  private final Map<Integer, List<Instruction>> chains = new HashMap<>();

  Recomputation(PtxFunction function, Iterable<Instruction> code) {
    var several = new HashSet<Integer>();
    for (Instruction at : code) {
      for (Register register : Opcodes.definitions(at)) {
        if (definitions.put(register.id(), at) != null) {
          several.add(register.id());
        }
      }
    }
    several.forEach(definitions::remove);
    for (Register register : function.registers()) {
      var chain = new LinkedHashMap<Integer, Instruction>();
      if (collect(register, function, chain, 0)) {
        chains.put(register.id(), List.copyOf(chain.values()));
      }
    }
  }

  /** Whether a register is computed again instead of being kept. */
  boolean covers(int register) {
    return chains.containsKey(register);
  }

  /** The instructions that compute it, in order. */
  List<Instruction> chain(int register) {
    return chains.getOrDefault(register, List.of());
  }

  private boolean collect(
      Register register, PtxFunction function, Map<Integer, Instruction> chain, int depth) {
    if (chain.containsKey(register.id())) {
      return true;
    }
    Instruction at = definitions.get(register.id());
    // The depth also ends at a register that is computed from itself.
    if (at == null || depth == MAX_CHAIN || chain.size() >= MAX_CHAIN || !isCheap(at, function)) {
      return false;
    }
    for (Register source : Opcodes.uses(at)) {
      if (!collect(source, function, chain, depth + 1)) {
        return false;
      }
    }
    chain.put(register.id(), at);
    return chain.size() <= MAX_CHAIN;
  }

  private static boolean isCheap(Instruction at, PtxFunction function) {
    if (at.guard() != null || at.has("cc") || at.has("sat")) {
      return false;
    }
    if (at.opcode().equals("ld")) {
      return function.isKernel()
          && at.has("param")
          && at.operands().size() == 2
          && at.operands().get(0) instanceof Operand.Reg
          && at.operands().get(1) instanceof Operand.Address address
          && address.base() instanceof Operand.Symbol symbol
          && isKernelParameter(function, symbol.variable());
    }
    if (!CHEAP.contains(at.opcode()) || at.types().stream().anyMatch(type -> type.isFloat())) {
      return false;
    }
    return at.operands().stream().allMatch(Recomputation::isSimple);
  }

  private static boolean isKernelParameter(PtxFunction function, Variable variable) {
    return function.parameters().contains(variable);
  }

  private static boolean isSimple(Operand operand) {
    if (operand instanceof Operand.Special special) {
      return SpecialValues.isConstant(special.name());
    }
    return operand instanceof Operand.Reg
        || operand instanceof Operand.Imm
        || operand instanceof Operand.Symbol;
  }
}
