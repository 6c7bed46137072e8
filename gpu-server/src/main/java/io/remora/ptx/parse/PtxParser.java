// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxException;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxUnit;
import io.remora.ptx.ir.Variable;
import io.remora.ptx.ir.Variable.Linkage;
import io.remora.ptx.ir.Variable.Space;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Reads a whole module (PTX ISA chapter 4 and 11). */
public final class PtxParser {
  private final TokenStream tokens;
  private final CompileOptions options;
  private final VariableParser variableParser;
  private final Scope scope = Scope.module();
  private final Map<String, PtxFunction> functions = new LinkedHashMap<>();
  private final Map<String, Variable> variables = new LinkedHashMap<>();
  private final Map<String, Linkage> linkages = new HashMap<>();
  private final Set<String> functionNames = new HashSet<>();
  private int version;
  private String target = "";

  private PtxParser(String text, CompileOptions options, Map<String, String> names)
      throws PtxException {
    this.tokens = new TokenStream(text, names);
    this.options = options;
    this.variableParser = new VariableParser(tokens);
  }

  /**
   * Reads a module.
   *
   * @param names words that are read as others; empty for the text as it is
   */
  static PtxUnit parse(String text, CompileOptions options, Map<String, String> names)
      throws PtxException {
    if (text.length() > options.maxTextBytes()) {
      throw new PtxException(
          PtxException.Kind.TOO_LARGE,
          0,
          0,
          "the text has " + text.length() + " characters; the limit is " + options.maxTextBytes());
    }
    return new PtxParser(text, options, names).module();
  }

  private PtxUnit module() throws PtxException {
    header();
    while (tokens.peek().kind() != Token.Kind.END) {
      directive();
    }
    return new PtxUnit(version, target, functions, new ArrayList<>(variables.values()), linkages);
  }

  private void header() throws PtxException {
    if (!tokens.takeDot("version")) {
      throw tokens.error("expected .version but found " + tokens.peek().shown());
    }
    Token number = tokens.expect(Token.Kind.NUMBER, "a version such as 8.0");
    if (!number.text().matches("[0-9]{1,2}\\.[0-9]")) {
      throw TokenStream.error(number, number.shown() + " is not a PTX version such as 8.0");
    }
    version = Integer.parseInt(number.text().replace(".", ""));
  }

  private void directive() throws PtxException {
    Token token = tokens.next();
    if (token.kind() != Token.Kind.DOT_WORD) {
      if (token.is(';')) {
        return;
      }
      throw TokenStream.error(token, "expected a directive but found " + token.shown());
    }
    Linkage linkage = Linkage.PRIVATE;
    while (token.isDot("visible")
        || token.isDot("extern")
        || token.isDot("weak")
        || token.isDot("common")) {
      linkage =
          token.isDot("extern")
              ? Linkage.EXTERN
              : token.isDot("visible") ? Linkage.VISIBLE : Linkage.WEAK;
      token = tokens.expect(Token.Kind.DOT_WORD, "a declaration");
    }
    switch (token.text()) {
      case "target" -> target();
      case "address_size" -> addressSize();
      case "entry", "func" -> function(token, linkage);
      case "global" -> variable(Space.GLOBAL, linkage);
      case "const" -> variable(Space.CONST, linkage);
      case "shared" -> variable(Space.SHARED, linkage);
      case "file" -> Directives.skipFile(tokens);
      case "section" -> Directives.skipSection(tokens);
      case "loc" -> Directives.location(tokens);
      case "pragma" -> {
        tokens.expect(Token.Kind.STRING, "a pragma");
        tokens.expect(';');
      }
      case "alias", "tex", "surf", "sampler" -> throw TokenStream.unsupported(token, token.shown());
      default -> throw TokenStream.error(token, "unexpected " + token.shown());
    }
  }

  private void target() throws PtxException {
    do {
      String name = tokens.expect(Token.Kind.WORD, "a target such as sm_75").text();
      if (target.isEmpty()) {
        target = name;
      }
    } while (tokens.take(','));
  }

  private void addressSize() throws PtxException {
    Token at = tokens.peek();
    if (Constants.integer(tokens) != 64) {
      throw TokenStream.unsupported(at, "an address size other than 64");
    }
  }

  private void variable(Space space, Linkage linkage) throws PtxException {
    VariableParser.Head head = variableParser.head();
    do {
      Token name = tokens.expect(Token.Kind.WORD, "a variable name");
      Variable variable = variableParser.rest(head, space, linkage, name, -1);
      Variable earlier = variables.get(name.text());
      if (earlier == null) {
        scope.declareVariable(name, variable);
        variables.put(name.text(), variable);
        linkages.put(name.text(), linkage);
      } else if (earlier.linkage() == Linkage.EXTERN && earlier.space() == space) {
        scope.redefineVariable(variable);
        variables.put(name.text(), variable);
        linkages.put(name.text(), linkage);
      } else if (linkage != Linkage.EXTERN) {
        throw TokenStream.error(name, name.shown() + " is declared twice");
      }
    } while (tokens.take(','));
    tokens.expect(';');
  }

  private void function(Token start, Linkage linkage) throws PtxException {
    var parser =
        new FunctionParser(
            tokens,
            functionNames,
            options.maxInstructionsPerFunction(),
            start.isDot("entry"),
            scope);
    PtxFunction function = parser.parse();
    PtxFunction earlier = functions.get(function.name());
    if (earlier != null && earlier.hasBody()) {
      if (!function.hasBody()) {
        return;
      }
      throw TokenStream.error(start, "'" + function.name() + "' is defined twice");
    }
    functions.put(function.name(), function);
    linkages.merge(
        function.name(),
        linkage,
        (before, now) -> before == Linkage.EXTERN || now != Linkage.PRIVATE ? now : before);
  }
}
