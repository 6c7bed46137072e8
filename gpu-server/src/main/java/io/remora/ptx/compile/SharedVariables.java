// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.Variable;
import java.util.LinkedHashSet;
import java.util.Set;

/** Finds the shared variables that a function declares or uses. */
final class SharedVariables {
  private SharedVariables() {}

  static Set<Variable> used(PtxFunction function) {
    var found = new LinkedHashSet<Variable>();
    for (Variable variable : function.variables()) {
      add(variable, found);
    }
    for (Instruction at : function.code()) {
      for (Operand operand : at.operands()) {
        collect(operand, found);
      }
    }
    return found;
  }

  private static void collect(Operand operand, Set<Variable> found) {
    if (operand instanceof Operand.Symbol symbol) {
      add(symbol.variable(), found);
    } else if (operand instanceof Operand.Address address) {
      collect(address.base(), found);
    } else if (operand instanceof Operand.Group group) {
      group.elements().forEach(element -> collect(element, found));
    }
  }

  private static void add(Variable variable, Set<Variable> found) {
    if (variable.space() == Variable.Space.SHARED) {
      found.add(variable);
    }
  }
}
