// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Linkage;
import io.remora.ptx.ir.Variable.Space;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The first time through a text: its variables and functions, and which memory it names. */
public final class ModuleScan {
  /** All names that are put into texts begin so, and no other may. */
  static final String RESERVED = "remora_fence";

  /** Each call through an address compares it with all of them. */
  private static final int ADDRESSED_MAX = 256;

  private final Map<String, Variable> globals = new LinkedHashMap<>();

  /** Names of variables of constant memory, which stay where they are. */
  private final Set<String> constants = new HashSet<>();

  private final Set<String> functions = new HashSet<>();

  /** Functions that are declared and not yet defined, with the place where that is. */
  private final Map<String, Token> declared = new HashMap<>();

  /** Names that mean something else in a function, with one of the places where they do. */
  private final Map<String, Token> inner = new HashMap<>();

  /** Beginnings of such names that a number follows, as in {@code %rd<8>}. */
  private final Map<String, Token> ranges = new HashMap<>();

  private final Set<Spaces> spaces = new HashSet<>();

  /** Memory beside global memory that a generic address may be of. */
  enum Spaces {
    SHARED,
    CLUSTER,
    LOCAL,
    CONST,
    PARAM
  }

  /** Names in operands of moves, and in initial values. */
  private final Set<String> used = new HashSet<>();

  private final Set<String> addressed = new TreeSet<>();

  private ModuleScan() {}

  /** Reads a whole text. */
  public static ModuleScan of(String text) throws PtxException {
    if (text.contains(RESERVED)) {
      throw new PtxException(
          PtxException.Kind.UNSUPPORTED, 0, 0, "names with '" + RESERVED + "' are not supported");
    }
    ModuleScan scan = new ModuleScan();
    ModuleWalk.walk(text, scan.new Visitor());
    scan.check();
    return scan;
  }

  /** Variables of global memory, which are to be placed in the window. */
  public Map<String, Variable> globals() {
    return globals;
  }

  boolean defines(String function) {
    return functions.contains(function);
  }

  /** Functions whose address is taken, in the order of their names. */
  List<String> addressed() {
    return List.copyOf(addressed);
  }

  /**
   * Functions whose addresses are in initial values of variables of global memory, in the order of
   * their names.
   */
  public List<String> functionsInVariables() {
    Set<String> found = new TreeSet<>();
    for (Variable variable : globals.values()) {
      variable.initialiser().forEach(piece -> found.add(piece.symbol()));
    }
    found.retainAll(functions);
    return List.copyOf(found);
  }

  Set<Spaces> spaces() {
    return spaces;
  }

  private void check() throws PtxException {
    for (Variable variable : globals.values()) {
      variable.initialiser().forEach(piece -> used.add(piece.symbol()));
    }
    addressed.addAll(used);
    addressed.retainAll(functions);
    if (addressed.size() > ADDRESSED_MAX) {
      throw new PtxException(
          PtxException.Kind.UNSUPPORTED,
          0,
          0,
          "in a module to be fenced "
              + addressed.size()
              + " functions whose address is taken are not supported; the most is "
              + ADDRESSED_MAX);
    }
    for (Map.Entry<String, Token> each : declared.entrySet()) {
      if (!functions.contains(each.getKey()) && SystemCall.named(each.getKey()).isEmpty()) {
        throw TokenStream.unsupported(
            each.getValue(),
            "a function from outside of the image, "
                + each.getValue().shown()
                + ", in a module to be fenced");
      }
    }
    for (String name : globals.keySet()) {
      requireOneMeaning(name);
    }
    for (String name : functions) {
      requireOneMeaning(name);
    }
    for (SystemCall call : SystemCall.values()) {
      requireOneMeaning(call.function());
    }
  }

  /** A register of a function's name would make a call of that function one through an address. */
  private void requireOneMeaning(String name) throws PtxException {
    Token other = inner.get(name);
    for (int end = name.length(); other == null && end > 0; ) {
      end--;
      if (!Character.isDigit(name.charAt(end))) {
        break;
      }
      other = ranges.get(name.substring(0, end));
    }
    if (other != null) {
      throw TokenStream.unsupported(
          other, "a meaning of '" + name + "' of its own in a function, " + other.shown() + ",");
    }
  }

  private void names(List<Token> tokens) {
    for (int i = 0; i < tokens.size(); i++) {
      Token token = tokens.get(i);
      if (token.kind() == Token.Kind.WORD) {
        boolean isRange = i + 1 < tokens.size() && tokens.get(i + 1).is('<');
        (isRange ? ranges : inner).putIfAbsent(token.text(), token);
      }
    }
  }

  /** Generic addresses of other memory than global memory are made by no other instruction. */
  private void convert(Statement statement) {
    for (Token modifier : statement.modifiers()) {
      switch (modifier.text()) {
        case "shared", "shared::cta" -> spaces.add(Spaces.SHARED);
        case "shared::cluster" -> spaces.add(Spaces.CLUSTER);
        case "local" -> spaces.add(Spaces.LOCAL);
        case "const" -> spaces.add(Spaces.CONST);
        case "param", "param::entry" -> spaces.add(Spaces.PARAM);
        default -> {}
      }
    }
  }

  private final class Visitor implements ModuleVisitor {
    @Override
    public void directive(List<Token> tokens) throws PtxException {
      if (tokens.get(0).isDot("address_size") && !tokens.get(1).text().equals("64")) {
        throw TokenStream.unsupported(tokens.get(1), "an address size other than 64");
      }
    }

    @Override
    public void variable(Token name, Variable variable) throws PtxException {
      if (variable.linkage() == Linkage.EXTERN) {
        throw TokenStream.unsupported(
            name, "a variable from outside of the image, " + name.shown());
      }
      String known = variable.name();
      if (globals.containsKey(known) || constants.contains(known)) {
        throw TokenStream.error(name, name.shown() + " is declared twice");
      }
      if (variable.space() == Space.GLOBAL) {
        globals.put(known, variable);
      } else {
        constants.add(known);
      }
    }

    @Override
    public void shared(List<Token> tokens) {
      names(tokens);
    }

    @Override
    public void function(FunctionHeader header) {
      String name = header.name().text();
      if (header.hasBody()) {
        functions.add(name);
        names(header.tokens().stream().filter(token -> !token.equals(header.name())).toList());
      } else {
        declared.putIfAbsent(name, header.name());
      }
    }

    @Override
    public void endFunction() {}

    @Override
    public void brace(char brace) {}

    @Override
    public void declaration(List<Token> tokens) throws PtxException {
      Token kind = tokens.get(0);
      if (!List.of("reg", "local", "shared", "param", "pragma").contains(kind.text())) {
        throw TokenStream.unsupported(
            kind, kind.shown() + " in a function of a module to be fenced");
      }
      names(tokens);
    }

    @Override
    public void label(List<Token> tokens) {
      names(tokens);
    }

    @Override
    public void table(List<Token> tokens) {
      names(tokens.subList(0, 1));
    }

    @Override
    public void instruction(Statement statement) {
      if (statement.opcode().text().equals("mov")) {
        statement.operands().stream()
            .filter(operand -> operand.size() == 1)
            .forEach(operand -> used.add(operand.get(0).text()));
      }
      if (statement.opcode().text().equals("mapa")) {
        spaces.add(Spaces.CLUSTER);
      }
      if (statement.opcode().text().equals("cvta") && !statement.has("to")) {
        convert(statement);
      }
    }
  }
}
