// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxText;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxUnit;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Linkage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes one module of several texts (PTX ISA, "Linking Directives"): what one declares {@code
 * .extern} another defines; what is private to a text stays so, if need be under another name.
 *
 * <p>Of members of archives those are taken that define a visible kernel, or what one taken already
 * needs, or nothing but variables: nvcc hands every program with relocatable code the library of
 * dynamic parallelism, which few programs use.
 */
public final class PtxLinker {
  private final CompileOptions options;
  private final Map<String, PtxFunction> functions = new LinkedHashMap<>();
  private final Map<String, Variable> variables = new LinkedHashMap<>();
  private final Map<String, Linkage> linkages = new HashMap<>();

  /** Symbol to the name of the text that defines it. */
  private final Map<String, String> definedBy = new HashMap<>();

  /** Names that any of the texts shows to others, or takes from them. */
  private final Set<String> shared = new HashSet<>();

  private int version;
  private String target = "";
  private int renamed;

  private record Read(PtxText text, PtxUnit unit) {}

  private PtxLinker(CompileOptions options) {
    this.options = options;
  }

  /**
   * Reads the texts and links them.
   *
   * @throws PtxException that names the text, if there are several, or the symbols that are defined
   *     twice or not at all
   */
  public static PtxUnit link(List<PtxText> texts, CompileOptions options) throws PtxException {
    if (texts.size() == 1) {
      PtxUnit unit = PtxParser.parse(texts.get(0).text(), options, Map.of());
      Unresolved.check(unit);
      return unit;
    }
    long characters = texts.stream().mapToLong(text -> text.text().length()).sum();
    if (characters > options.maxTextBytes()) {
      throw new PtxException(
          PtxException.Kind.TOO_LARGE,
          0,
          0,
          "the texts have "
              + characters
              + " characters together; the limit is "
              + options.maxTextBytes());
    }
    return new PtxLinker(options).all(texts);
  }

  private PtxUnit all(List<PtxText> texts) throws PtxException {
    var left = new ArrayList<Read>();
    for (PtxText text : texts) {
      PtxUnit unit = parse(text, Map.of());
      unit.linkages()
          .forEach(
              (name, linkage) -> {
                if (linkage != Linkage.PRIVATE) {
                  shared.add(name);
                }
              });
      left.add(new Read(text, unit));
    }
    for (var each = left.iterator(); each.hasNext(); ) {
      Read read = each.next();
      if (!read.text.isMember()) {
        each.remove();
        take(read);
      }
    }
    boolean found = true;
    while (found) {
      found = false;
      for (var each = left.iterator(); each.hasNext(); ) {
        Read read = each.next();
        if (isWanted(read.unit)) {
          each.remove();
          take(read);
          found = true;
        }
      }
    }
    PtxUnit unit =
        new PtxUnit(version, target, functions, new ArrayList<>(variables.values()), linkages);
    Unresolved.check(unit);
    return unit;
  }

  private PtxUnit parse(PtxText text, Map<String, String> names) throws PtxException {
    try {
      return PtxParser.parse(text.text(), options, names);
    } catch (PtxException e) {
      throw e.in(text.name());
    }
  }

  private boolean isWanted(PtxUnit unit) {
    boolean isOnlyData = unit.functions().isEmpty();
    for (Variable variable : unit.variables()) {
      if (isPublic(unit, variable.name()) && (isOnlyData || isMissing(variable.name()))) {
        return true;
      }
    }
    for (PtxFunction function : unit.functions().values()) {
      if (function.hasBody()
          && isPublic(unit, function.name())
          && (function.isKernel() || isMissing(function.name()))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isPublic(PtxUnit unit, String name) {
    Linkage linkage = unit.linkage(name);
    return linkage == Linkage.VISIBLE || linkage == Linkage.WEAK;
  }

  private boolean isMissing(String name) {
    PtxFunction function = functions.get(name);
    Variable variable = variables.get(name);
    return function != null && !function.hasBody()
        || variable != null && variable.linkage() == Linkage.EXTERN;
  }

  /** Adds a text; private names that others have too become names of its own. */
  private void take(Read read) throws PtxException {
    var names = new HashMap<String, String>();
    for (PtxFunction function : read.unit.functions().values()) {
      rename(read.unit, function.name(), names);
    }
    for (Variable variable : read.unit.variables()) {
      rename(read.unit, variable.name(), names);
    }
    PtxUnit unit = names.isEmpty() ? read.unit : parse(read.text, names);
    version = Math.max(version, unit.version());
    target = target.isEmpty() ? unit.target() : target;
    for (PtxFunction function : unit.functions().values()) {
      add(read.text, unit.linkage(function.name()), function);
    }
    for (Variable variable : unit.variables()) {
      add(read.text, unit.linkage(variable.name()), variable);
    }
  }

  private void rename(PtxUnit unit, String name, Map<String, String> names) {
    boolean isPrivate = unit.linkage(name) == Linkage.PRIVATE;
    if (isPrivate && (shared.contains(name) || linkages.containsKey(name))) {
      names.put(name, freshName(name));
    }
  }

  private String freshName(String name) {
    String fresh;
    do {
      fresh = name + "$" + ++renamed;
    } while (linkages.containsKey(fresh) || shared.contains(fresh));
    return fresh;
  }

  private void add(PtxText text, Linkage linkage, PtxFunction function) throws PtxException {
    PtxFunction earlier = functions.get(function.name());
    if (earlier != null && !earlier.prototype().equals(function.prototype())) {
      throw mismatch(text, function.name());
    }
    boolean replaces =
        earlier == null
            || function.hasBody()
                && (!earlier.hasBody() || outranks(text, function.name(), linkage));
    if (replaces) {
      functions.put(function.name(), function);
      define(text, function.name(), function.hasBody() ? linkage : Linkage.EXTERN);
    }
  }

  private void add(PtxText text, Linkage linkage, Variable variable) throws PtxException {
    Variable earlier = variables.get(variable.name());
    if (earlier != null && earlier.space() != variable.space()) {
      throw mismatch(text, variable.name());
    }
    boolean isDefinition = linkage != Linkage.EXTERN;
    if (earlier != null
        && isDefinition
        && earlier.bytes() > variable.bytes()
        && variable.space() != Variable.Space.SHARED) {
      throw mismatch(text, variable.name());
    }
    boolean replaces =
        earlier == null
            || isDefinition
                && (earlier.linkage() == Linkage.EXTERN
                    || outranks(text, variable.name(), linkage));
    if (replaces) {
      variables.put(variable.name(), variable);
      define(text, variable.name(), linkage);
    }
  }

  /** Whether a second definition takes the place of the first; weak ones give way. */
  private boolean outranks(PtxText text, String name, Linkage linkage) throws PtxException {
    boolean wasWeak = linkages.get(name) == Linkage.WEAK;
    if (!wasWeak && linkage != Linkage.WEAK) {
      throw new PtxException(
          PtxException.Kind.SYNTAX,
          0,
          0,
          "'"
              + name
              + "' is defined twice: in "
              + Optional.ofNullable(definedBy.get(name)).orElse("?")
              + " and in "
              + text.name());
    }
    return wasWeak && linkage != Linkage.WEAK;
  }

  private void define(PtxText text, String name, Linkage linkage) {
    linkages.put(name, linkage);
    definedBy.put(name, text.name());
  }

  private PtxException mismatch(PtxText text, String name) {
    return new PtxException(
        PtxException.Kind.SYNTAX,
        0,
        0,
        "'"
            + name
            + "' has one type in "
            + Optional.ofNullable(definedBy.get(name)).orElse("?")
            + " and another in "
            + text.name());
  }
}
