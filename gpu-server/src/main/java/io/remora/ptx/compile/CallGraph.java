// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxUnit;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Piece;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** Who calls whom in a module, and what follows from it. */
final class CallGraph {
  /** Longer functions are inlined, because only kernels can be split into regions. */
  private static final int MAX_METHOD_INSTRUCTIONS = 450;

  private final PtxUnit unit;
  private final Map<String, Set<String>> callees = new HashMap<>();
  private final Map<String, Set<String>> reachable = new HashMap<>();
  private final Set<String> addressTaken = new LinkedHashSet<>();
  private final Set<String> indirect = new HashSet<>();
  private final Set<String> inlined = new HashSet<>();

  CallGraph(PtxUnit unit) throws PtxException {
    this.unit = unit;
    for (PtxFunction function : unit.functions().values()) {
      scan(function);
    }
    for (Variable variable : unit.variables()) {
      for (Piece piece : variable.initialiser()) {
        if (unit.functions().containsKey(piece.symbol())) {
          addressTaken.add(piece.symbol());
        }
      }
    }
    for (String name : unit.functions().keySet()) {
      reach(name);
    }
    findInlined();
  }

  private void scan(PtxFunction function) throws PtxException {
    var names = new LinkedHashSet<String>();
    callees.put(function.name(), names);
    for (Instruction at : function.code()) {
      boolean isCall = at.opcode().equals("call");
      Operand target = isCall ? CallOps.parse(at).target() : null;
      if (target instanceof Operand.Function named) {
        names.add(named.name());
      } else if (isCall) {
        indirect.add(function.name());
      } else {
        for (Operand operand : at.operands()) {
          if (operand instanceof Operand.Function named) {
            addressTaken.add(named.name());
          }
        }
      }
    }
  }

  /** All functions that a function may call, over any number of steps. */
  private void reach(String name) {
    var found = new LinkedHashSet<String>();
    var work = new ArrayDeque<String>();
    work.add(name);
    while (!work.isEmpty()) {
      String caller = work.remove();
      var next = new LinkedHashSet<>(callees.getOrDefault(caller, Set.of()));
      if (indirect.contains(caller)) {
        next.addAll(addressTaken);
      }
      for (String callee : next) {
        if (found.add(callee)) {
          work.add(callee);
        }
      }
    }
    reachable.put(name, found);
  }

  /** Functions whose threads may wait must be part of the kernel, and so must their callers. */
  private void findInlined() throws PtxException {
    for (PtxFunction function : unit.functions().values()) {
      if (!function.isKernel() && mustInline(function)) {
        inlined.add(function.name());
      }
    }
    boolean changed = true;
    while (changed) {
      changed = false;
      for (PtxFunction function : unit.functions().values()) {
        boolean callsInlined =
            callees.getOrDefault(function.name(), Set.of()).stream().anyMatch(inlined::contains);
        if (!function.isKernel() && callsInlined && inlined.add(function.name())) {
          changed = true;
        }
      }
    }
    for (String name : inlined) {
      refuseImpossible(name);
    }
  }

  private boolean mustInline(PtxFunction function) {
    boolean waits = function.code().stream().anyMatch(CallGraph::needsKernel);
    boolean large = function.code().size() > MAX_METHOD_INSTRUCTIONS;
    return waits
        || large && !isRecursive(function.name()) && !addressTaken.contains(function.name());
  }

  private static boolean needsKernel(Instruction at) {
    return Opcodes.suspends(at) || at.opcode().equals("exit");
  }

  private void refuseImpossible(String name) throws PtxException {
    PtxFunction function = unit.functions().get(name);
    if (function == null) {
      return;
    }
    String problem =
        isRecursive(name) ? "recursive" : addressTaken.contains(name) ? "called by pointer" : "";
    if (!problem.isEmpty()) {
      throw new PtxException(
          PtxException.Kind.UNSUPPORTED,
          function.line(),
          function.column(),
          "function "
              + name
              + " waits for other threads, or ends its thread, and is "
              + problem
              + ": that is not supported");
    }
  }

  boolean isRecursive(String name) {
    return reachable.getOrDefault(name, Set.of()).contains(name);
  }

  /** Whether calls of this function are replaced by its body. */
  boolean isInlined(String name) {
    return inlined.contains(name);
  }

  Set<String> addressTaken() {
    return addressTaken;
  }

  /** All functions that a kernel may reach. */
  Set<String> reachable(String name) {
    return reachable.getOrDefault(name, Set.of());
  }

  /** Whether the stack of calls below a function has no bound known here. */
  boolean isUnbounded(String name) {
    return indirect.contains(name)
        || reachable(name).stream()
            .anyMatch(other -> indirect.contains(other) || isRecursive(other));
  }

  Set<String> callees(String name) {
    return callees.getOrDefault(name, Set.of());
  }
}
