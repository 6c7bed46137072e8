// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.exec.FragmentAccess;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxUnit;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Space;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The module as one kernel's class sees it: what can be called, where module-scope variables are
 * listed, and which device functions the class needs as methods. One object for each kernel.
 */
final class Program {
  /** Functions get addresses that no data can have. */
  private static final long FIRST_FUNCTION_ADDRESS = 0x10;

  private static final int FUNCTION_STRIDE = 0x10;

  private final PtxUnit unit;
  private final String className;
  private final List<String> functionNames;
  private final Map<String, Integer> globals = new HashMap<>();
  private final CallGraph calls;
  private final boolean reachesOthers;
  private final List<FragmentAccess> fragments = new ArrayList<>();
  private final Set<String> required = new LinkedHashSet<>();
  private final Deque<PtxFunction> pending = new ArrayDeque<>();

  Program(PtxUnit unit, PtxFunction kernel, CallGraph calls, String className) {
    this.unit = unit;
    this.calls = calls;
    this.reachesOthers =
        Stream.concat(
                Stream.of(kernel),
                calls.reachable(kernel.name()).stream().map(unit.functions()::get))
            .filter(Objects::nonNull)
            .flatMap(function -> function.code().stream())
            .anyMatch(ClusterOps::reachesOthers);
    this.className = className;
    this.functionNames = new ArrayList<>(unit.functions().keySet());
    for (Variable variable : placedVariables(unit)) {
      globals.put(variable.name(), globals.size());
    }
  }

  /**
   * Module-scope variables in device memory, in the order in which instances list their addresses.
   */
  static List<Variable> placedVariables(PtxUnit unit) {
    return unit.variables().stream()
        .filter(variable -> variable.space() == Space.GLOBAL || variable.space() == Space.CONST)
        .toList();
  }

  /** Internal name of the class being made. */
  String className() {
    return className;
  }

  PtxUnit unit() {
    return unit;
  }

  CallGraph calls() {
    return calls;
  }

  /** Whether the kernel may reach the shared memory of other blocks of its cluster. */
  boolean reachesOthers() {
    return reachesOthers;
  }

  PtxFunction function(Instruction at, String name) throws PtxException {
    PtxFunction function = unit.functions().get(name);
    if (function == null) {
      throw at.syntax("there is no function named '" + name + "'");
    }
    return function;
  }

  int globalIndex(Instruction at, Variable variable) throws PtxException {
    Integer index = globals.get(variable.name());
    if (index == null || variable.index() >= 0) {
      throw at.unsupported("a global variable declared inside a function");
    }
    return index;
  }

  /** The address of a function; by position in the module. */
  static long functionAddress(PtxUnit unit, String name) {
    int index = new ArrayList<>(unit.functions().keySet()).indexOf(name);
    return FIRST_FUNCTION_ADDRESS + (long) index * FUNCTION_STRIDE;
  }

  long functionAddress(Instruction at, String name) throws PtxException {
    if (!function(at, name).hasBody()) {
      throw at.unsupported("the address of " + name + ", which is not defined in this module");
    }
    return FIRST_FUNCTION_ADDRESS + (long) functionNames.indexOf(name) * FUNCTION_STRIDE;
  }

  /** Functions that an indirect call of this shape may reach. */
  List<PtxFunction> addressed(PtxFunction.Prototype prototype) {
    var candidates = new ArrayList<PtxFunction>();
    for (String name : calls.addressTaken()) {
      PtxFunction function = unit.functions().get(name);
      if (function != null
          && function.hasBody()
          && !function.isKernel()
          && function.prototype().equals(prototype)) {
        candidates.add(function);
      }
    }
    return candidates;
  }

  /** The number of what a {@code wmma.load} or {@code wmma.store} moves. */
  int fragment(FragmentAccess access) {
    for (int i = 0; i < fragments.size(); i++) {
      if (fragments.get(i).equals(access)) {
        return i;
      }
    }
    fragments.add(access);
    return fragments.size() - 1;
  }

  /** All of them, by number. */
  List<FragmentAccess> fragments() {
    return List.copyOf(fragments);
  }

  /** Asks for a device function as a method of the class. */
  void require(PtxFunction function) {
    if (required.add(function.name())) {
      pending.add(function);
    }
  }

  /** Functions asked for and not yet made. */
  Deque<PtxFunction> pending() {
    return pending;
  }

  static String methodName(String function) {
    return "f$" + function.replace('.', '_').replace('/', '_').replace(';', '_');
  }

  static String descriptor(PtxFunction.Prototype prototype) {
    int addresses = prototype.results().size() + prototype.parameters().size();
    return "(" + Code.CONTEXT_DESCRIPTOR + "II" + "J".repeat(addresses) + ")V";
  }
}
