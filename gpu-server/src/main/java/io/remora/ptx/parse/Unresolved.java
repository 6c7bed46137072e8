// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxUnit;
import io.remora.ptx.ir.Variable;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds what a module uses and nothing defines. */
final class Unresolved {
  /** Functions that a device provides, or would; using one that it lacks has its own message. */
  private static final List<String> PROVIDED =
      List.of("vprintf", "malloc", "free", "__", "cnp", "cuda");

  private final PtxUnit unit;
  private final Map<String, Variable> variables = new HashMap<>();
  private final Set<String> missing = new LinkedHashSet<>();

  private Unresolved(PtxUnit unit) {
    this.unit = unit;
    unit.variables().forEach(variable -> variables.put(variable.name(), variable));
  }

  /**
   * @throws PtxException that names everything missing
   */
  static void check(PtxUnit unit) throws PtxException {
    var check = new Unresolved(unit);
    for (PtxFunction function : unit.functions().values()) {
      for (Instruction at : function.code()) {
        at.operands().forEach(check::look);
      }
    }
    for (Variable variable : unit.variables()) {
      variable.initialiser().forEach(piece -> check.name(piece.symbol()));
    }
    if (!check.missing.isEmpty()) {
      throw new PtxException(
          PtxException.Kind.SYNTAX,
          0,
          0,
          "declared .extern and defined nowhere: " + String.join(", ", check.missing));
    }
  }

  private void look(Operand operand) {
    if (operand instanceof Operand.Function function) {
      name(function.name());
    } else if (operand instanceof Operand.Symbol symbol && symbol.variable().index() < 0) {
      name(symbol.variable().name());
    } else if (operand instanceof Operand.Address address) {
      look(address.base());
    } else if (operand instanceof Operand.Group group) {
      group.elements().forEach(this::look);
    } else if (operand instanceof Operand.Pair pair) {
      look(pair.first());
      look(pair.second());
    }
  }

  private void name(String name) {
    PtxFunction function = unit.functions().get(name);
    if (function != null && !function.hasBody() && PROVIDED.stream().noneMatch(name::startsWith)) {
      missing.add(name);
    }
    Variable variable = variables.get(name);
    boolean isMemory =
        variable != null
            && (variable.space() == Variable.Space.GLOBAL
                || variable.space() == Variable.Space.CONST);
    if (variable != null && isMemory && variable.linkage() == Variable.Linkage.EXTERN) {
      missing.add(name);
    }
  }
}
