// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.PtxUnit;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Replaces calls by the callee's body where {@link CallGraph} says so. Parameters of the callee
 * become the caller's variables that were passed, so nothing is copied.
 */
final class Inliner {
  private final PtxUnit unit;
  private final CallGraph calls;
  private final int maxInstructions;
  private final List<Instruction> code = new ArrayList<>();
  private final Map<String, Integer> labels = new HashMap<>();
  private final Map<String, List<String>> tables = new HashMap<>();
  private final Map<String, PtxFunction.Prototype> prototypes;
  private final List<Register> registers;
  private final List<Variable> variables;
  private int copies;

  private Inliner(PtxFunction function, PtxUnit unit, CallGraph calls, int maxInstructions) {
    this.unit = unit;
    this.calls = calls;
    this.maxInstructions = maxInstructions;
    this.registers = new ArrayList<>(function.registers());
    this.variables = new ArrayList<>(function.variables());
    this.prototypes = new HashMap<>(function.prototypes());
  }

  static PtxFunction inline(
      PtxFunction function, PtxUnit unit, CallGraph calls, int maxInstructions)
      throws PtxException {
    if (calls.callees(function.name()).stream().noneMatch(calls::isInlined)) {
      return function;
    }
    var inliner = new Inliner(function, unit, calls, maxInstructions);
    inliner.copy(function, new Renaming("", Map.of(), Map.of(), ""));
    return new PtxFunction(
        function.name(),
        function.isKernel(),
        function.results(),
        function.parameters(),
        true,
        inliner.code,
        inliner.labels,
        inliner.tables,
        inliner.prototypes,
        inliner.registers,
        inliner.variables,
        function.maxThreads(),
        function.requiredThreads(),
        function.clusters(),
        function.line(),
        function.column());
  }

  /**
   * What one copy's names become.
   *
   * @param suffix added to labels
   * @param end label behind the copy; empty for the function itself
   */
  private record Renaming(
      String suffix,
      Map<Register, Register> registers,
      Map<Variable, Variable> variables,
      String end) {}

  private void copy(PtxFunction from, Renaming names) throws PtxException {
    var labelsAt = new HashMap<Integer, List<String>>();
    from.labels()
        .forEach(
            (label, index) -> labelsAt.computeIfAbsent(index, key -> new ArrayList<>()).add(label));
    from.tables()
        .forEach(
            (name, targets) ->
                tables.put(
                    name + names.suffix(),
                    targets.stream().map(target -> target + names.suffix()).toList()));
    from.prototypes()
        .forEach((name, prototype) -> prototypes.put(name + names.suffix(), prototype));
    for (int i = 0; i <= from.code().size(); i++) {
      for (String label : labelsAt.getOrDefault(i, List.of())) {
        labels.put(label + names.suffix(), code.size());
      }
      if (i < from.code().size()) {
        instruction(from.code().get(i), names);
      }
    }
  }

  private void instruction(Instruction at, Renaming names) throws PtxException {
    if (code.size() >= maxInstructions) {
      throw new PtxException(
          PtxException.Kind.TOO_LARGE,
          at.line(),
          at.column(),
          "with its calls inlined the kernel has more than " + maxInstructions + " instructions");
    }
    Instruction renamed = rename(at, names);
    if (at.opcode().equals("ret") && !names.end().isEmpty()) {
      code.add(branch(renamed, new Operand.Label(names.end())));
      return;
    }
    if (at.opcode().equals("call")
        && CallOps.parse(renamed).target() instanceof Operand.Function function
        && calls.isInlined(function.name())) {
      call(renamed, function.name());
      return;
    }
    code.add(renamed);
  }

  private static Instruction branch(Instruction at, Operand.Label target) {
    return new Instruction(
        "bra", List.of(), at.guard(), List.of(target), at.line(), at.column(), at.sourceLine());
  }

  private void call(Instruction at, String name) throws PtxException {
    PtxFunction callee = unit.functions().get(name);
    CallOps.Call call = CallOps.parse(at);
    if (callee == null
        || callee.results().size() != call.results().size()
        || callee.parameters().size() != call.arguments().size()) {
      throw at.syntax("the arguments of this call don't fit the function's parameters");
    }
    String suffix = "#" + ++copies;
    String end = "end" + suffix;
    if (at.guard() != null) {
      Operand.Reg guard = at.guard();
      var opposite = new Operand.Reg(guard.register(), !guard.negated());
      code.add(branch(at.withOperands(at.operands(), opposite), new Operand.Label(end)));
    }
    var variableNames = new HashMap<Variable, Variable>();
    bind(at, callee.results(), call.results(), variableNames);
    bind(at, callee.parameters(), call.arguments(), variableNames);
    for (Variable variable : callee.variables()) {
      if (!variableNames.containsKey(variable)) {
        variableNames.put(variable, copyOf(variable, suffix));
      }
    }
    var registerNames = new HashMap<Register, Register>();
    for (Register register : callee.registers()) {
      var copy = new Register(registers.size(), register.name(), register.type());
      registers.add(copy);
      registerNames.put(register, copy);
    }
    Register top = StackOps.takes(callee) ? saveStack(at) : null;
    copy(callee, new Renaming(suffix, registerNames, variableNames, end));
    labels.put(end, code.size());
    if (top != null) {
      code.add(stack(at, "stackrestore", top));
    }
  }

  /** What the callee takes from the stack goes back when it returns. */
  private Register saveStack(Instruction at) {
    var top = new Register(registers.size(), "%stack", PtxType.B64);
    registers.add(top);
    code.add(stack(at, "stacksave", top));
    return top;
  }

  private static Instruction stack(Instruction at, String opcode, Register top) {
    return new Instruction(
        opcode,
        List.of("u64"),
        null,
        List.of(new Operand.Reg(top, false)),
        at.line(),
        at.column(),
        at.sourceLine());
  }

  private static void bind(
      Instruction at, List<Variable> formal, List<Variable> actual, Map<Variable, Variable> names)
      throws PtxException {
    for (int i = 0; i < formal.size(); i++) {
      if (formal.get(i).bytes() != actual.get(i).bytes()) {
        throw at.syntax("the arguments of this call don't fit the function's parameters");
      }
      names.put(formal.get(i), actual.get(i));
    }
  }

  private Variable copyOf(Variable variable, String suffix) {
    boolean perThread =
        variable.space() == Variable.Space.LOCAL || variable.space() == Variable.Space.PARAM;
    if (!perThread) {
      return variable; // One shared array for all calls, as nvcc means it.
    }
    var copy =
        new Variable(
            variable.name() + suffix,
            variable.space(),
            variable.type(),
            variable.bytes(),
            variable.alignment(),
            variable.linkage(),
            variable.initialiser(),
            variables.size());
    variables.add(copy);
    return copy;
  }

  private static Instruction rename(Instruction at, Renaming names) {
    if (names.suffix().isEmpty()) {
      return at;
    }
    Operand.Reg guard = at.guard();
    return at.withOperands(
        at.operands().stream().map(operand -> rename(operand, names)).toList(),
        guard == null ? null : (Operand.Reg) rename(guard, names));
  }

  private static Operand rename(Operand operand, Renaming names) {
    if (operand instanceof Operand.Reg reg) {
      Register other = names.registers().getOrDefault(reg.register(), reg.register());
      return new Operand.Reg(other, reg.negated());
    } else if (operand instanceof Operand.Symbol symbol) {
      Variable other = names.variables().getOrDefault(symbol.variable(), symbol.variable());
      return new Operand.Symbol(other, symbol.offset(), symbol.generic());
    } else if (operand instanceof Operand.Label label) {
      return new Operand.Label(label.name() + names.suffix());
    } else if (operand instanceof Operand.Address address) {
      return new Operand.Address(rename(address.base(), names), address.offset());
    } else if (operand instanceof Operand.Pair pair) {
      return new Operand.Pair(rename(pair.first(), names), rename(pair.second(), names));
    } else if (operand instanceof Operand.Group group) {
      return new Operand.Group(
          group.elements().stream().map(element -> rename(element, names)).toList());
    }
    return operand;
  }
}
