// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names of one pair of braces. Registers of a range ({@code %r<100>}) come into being when they
 * are first used, so that a huge range costs nothing.
 */
final class Scope {
  private static final String COMPONENTS = "xyzw";
  private static final String COLOURS = "rgba";

  private final @Nullable Scope parent;
  private final List<Register> allRegisters;
  private final Map<String, Register> registers = new HashMap<>();
  private final Map<String, List<Register>> vectors = new HashMap<>();
  private final Map<String, Range> ranges = new HashMap<>();
  private final Map<String, Variable> variables = new HashMap<>();

  private record Range(PtxType type, int count) {}

  private Scope(@Nullable Scope parent, List<Register> allRegisters) {
    this.parent = parent;
    this.allRegisters = allRegisters;
  }

  static Scope module() {
    return new Scope(null, new ArrayList<>());
  }

  /** The outermost scope of a function, which starts a new numbering of registers. */
  Scope function() {
    return new Scope(this, new ArrayList<>());
  }

  Scope inner() {
    return new Scope(this, allRegisters);
  }

  @Nullable Scope parent() {
    return parent;
  }

  List<Register> allRegisters() {
    return allRegisters;
  }

  void declareRegister(Token name, PtxType type) throws PtxException {
    checkFree(name);
    create(name.text(), type);
  }

  /** Declares a register of several components, which are registers by themselves. */
  void declareVector(Token name, PtxType type, int width) throws PtxException {
    checkFree(name);
    List<Register> components = new ArrayList<>(width);
    for (int i = 0; i < width; i++) {
      components.add(create(name.text() + "." + COMPONENTS.charAt(i), type));
    }
    vectors.put(name.text(), List.copyOf(components));
  }

  void declareRange(Token prefix, PtxType type, int count) throws PtxException {
    if (ranges.putIfAbsent(prefix.text(), new Range(type, count)) != null) {
      throw TokenStream.error(prefix, prefix.shown() + " is declared twice");
    }
  }

  void declareVariable(Token name, Variable variable) throws PtxException {
    checkFree(name);
    variables.put(variable.name(), variable);
  }

  /** Puts a definition in the place of an earlier {@code .extern} declaration. */
  void redefineVariable(Variable variable) {
    variables.put(variable.name(), variable);
  }

  private void checkFree(Token name) throws PtxException {
    if (registers.containsKey(name.text())
        || vectors.containsKey(name.text())
        || variables.containsKey(name.text())) {
      throw TokenStream.error(name, name.shown() + " is declared twice");
    }
  }

  private Register create(String name, PtxType type) {
    var register = new Register(allRegisters.size(), name, type);
    allRegisters.add(register);
    registers.put(name, register);
    return register;
  }

  @Nullable Register register(String name) {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      Register found = scope.registers.get(name);
      if (found != null) {
        return found;
      }
      found = scope.fromRange(name);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** The components of a vector register, or null if there is none of this name. */
  @Nullable List<Register> vector(String name) {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      List<Register> found = scope.vectors.get(name);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** The number of a component, as {@code .x} or {@code .r} name it; -1 if it is no name of one. */
  static int component(String name) {
    int number = COMPONENTS.indexOf(name);
    return name.length() != 1 ? -1 : number >= 0 ? number : COLOURS.indexOf(name);
  }

  private @Nullable Register fromRange(String name) {
    int digits = name.length();
    while (digits > 0 && Character.isDigit(name.charAt(digits - 1))) {
      digits--;
    }
    // Of %r123 the range may be %r, but a range called %r1 could hold it as well.
    for (int cut = digits; cut < name.length() && cut - digits < 10; cut++) {
      Range range = ranges.get(name.substring(0, cut));
      String number = name.substring(cut);
      boolean canonical = number.length() == 1 || number.charAt(0) != '0';
      if (range != null
          && canonical
          && number.length() < 10
          && Integer.parseInt(number) < range.count()) {
        return create(name, range.type());
      }
    }
    return null;
  }

  @Nullable Variable variable(String name) {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      Variable found = scope.variables.get(name);
      if (found != null) {
        return found;
      }
    }
    return null;
  }
}
