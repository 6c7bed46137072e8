// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Variable.Linkage;
import io.remora.ptx.ir.Variable.Space;
import io.remora.ptx.parse.Directives;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import io.remora.ptx.parse.VariableParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Goes through a text statement by statement, in time linear in the text. What is for debuggers is
 * left out.
 */
final class ModuleWalk {
  private static final int MAX_NESTING = 64;

  private final TokenStream tokens;
  private final VariableParser variables;
  private final ModuleVisitor visitor;

  private ModuleWalk(TokenStream tokens, ModuleVisitor visitor) {
    this.tokens = tokens;
    this.variables = new VariableParser(tokens);
    this.visitor = visitor;
  }

  static void walk(String text, ModuleVisitor visitor) throws PtxException {
    new ModuleWalk(new TokenStream(text, Map.of()), visitor).module();
  }

  private void module() throws PtxException {
    while (tokens.peek().kind() != Token.Kind.END) {
      if (!tokens.take(';')) {
        directive();
      }
    }
  }

  private void directive() throws PtxException {
    List<Token> start = new ArrayList<>();
    Linkage linkage = Linkage.PRIVATE;
    Token token = tokens.expect(Token.Kind.DOT_WORD, "a directive");
    while (token.isDot("visible")
        || token.isDot("extern")
        || token.isDot("weak")
        || token.isDot("common")) {
      start.add(token);
      linkage =
          token.isDot("extern")
              ? Linkage.EXTERN
              : token.isDot("visible") ? Linkage.VISIBLE : Linkage.WEAK;
      token = tokens.expect(Token.Kind.DOT_WORD, "a declaration");
    }
    start.add(token);
    switch (token.text()) {
      case "version", "address_size" -> {
        start.add(tokens.expect(Token.Kind.NUMBER, "a number"));
        visitor.directive(start);
      }
      case "target" -> target(start);
      case "entry", "func" -> function(start, linkage);
      case "global" -> variables(Space.GLOBAL, linkage);
      case "const" -> variables(Space.CONST, linkage);
      case "shared" -> {
        rest(start);
        visitor.shared(start);
      }
      case "file" -> Directives.skipFile(tokens);
      case "section" -> Directives.skipSection(tokens);
      case "loc" -> {
        int unused = Directives.location(tokens);
      }
      case "pragma" -> rest(start);
      default -> throw TokenStream.unsupported(token, token.shown() + " in a module to be fenced");
    }
  }

  private void target(List<Token> start) throws PtxException {
    start.add(tokens.expect(Token.Kind.WORD, "a target such as sm_75"));
    while (tokens.take(',')) {
      Token option = tokens.expect(Token.Kind.WORD, "an option of the target");
      // There is nothing for a debugger in what comes out.
      if (!option.text().equals("debug")) {
        throw TokenStream.unsupported(option, "the option " + option.shown() + " of .target");
      }
    }
    visitor.directive(start);
  }

  private void variables(Space space, Linkage linkage) throws PtxException {
    Token at = tokens.peek();
    VariableParser.Head head = variables.head();
    if (head.managed()) {
      throw TokenStream.unsupported(at, "a managed variable in a module to be fenced");
    }
    do {
      Token name = tokens.expect(Token.Kind.WORD, "a variable name");
      visitor.variable(name, variables.rest(head, space, linkage, name, -1));
    } while (tokens.take(','));
    tokens.expect(';');
  }

  private void function(List<Token> header, Linkage linkage) throws PtxException {
    Token name = null;
    int depth = 0;
    while (true) {
      Token token = tokens.peek();
      if (token.kind() == Token.Kind.END) {
        throw tokens.error("this function has neither a body nor an end");
      }
      if (depth == 0 && (token.is('{') || token.is(';'))) {
        break;
      }
      depth += token.is('(') ? 1 : token.is(')') ? -1 : 0;
      if (depth == 0 && name == null && token.kind() == Token.Kind.WORD) {
        name = token;
      }
      header.add(tokens.next());
    }
    if (name == null) {
      throw tokens.error("expected a function name before " + tokens.peek().shown());
    }
    boolean hasBody = tokens.take('{');
    visitor.function(new FunctionHeader(header, name, linkage, hasBody));
    if (hasBody) {
      body();
      visitor.endFunction();
    }
  }

  private void body() throws PtxException {
    int depth = 1;
    while (depth > 0) {
      Token token = tokens.peek();
      if (tokens.take('{')) {
        if (++depth > MAX_NESTING) {
          throw TokenStream.error(token, "braces are nested too deeply");
        }
        visitor.brace('{');
      } else if (tokens.take('}')) {
        depth--;
        if (depth > 0) {
          visitor.brace('}');
        }
      } else if (!tokens.take(';')) {
        statement();
      }
    }
  }

  private void statement() throws PtxException {
    List<Token> statement = new ArrayList<>();
    Token first = tokens.next();
    statement.add(first);
    if (first.isDot("loc")) {
      int unused = Directives.location(tokens);
    } else if (first.isDot("file")) {
      Directives.skipFile(tokens);
    } else if (first.kind() == Token.Kind.DOT_WORD) {
      rest(statement);
      visitor.declaration(statement);
    } else if (first.kind() == Token.Kind.WORD && tokens.peek().is(':')) {
      label(statement);
    } else {
      rest(statement);
      visitor.instruction(Statement.of(statement));
    }
  }

  private void label(List<Token> statement) throws PtxException {
    statement.add(tokens.next());
    Token next = tokens.peek();
    // Anything else after a label is a statement of its own.
    if (next.isDot("branchtargets") || next.isDot("calltargets") || next.isDot("callprototype")) {
      rest(statement);
      visitor.table(statement);
    } else {
      visitor.label(statement);
    }
  }

  /** Reads up to the semicolon, which isn't kept. */
  private void rest(List<Token> into) throws PtxException {
    while (!tokens.take(';')) {
      if (tokens.peek().kind() == Token.Kind.END) {
        throw TokenStream.error(into.get(0), "this statement has no ';'");
      }
      into.add(tokens.next());
    }
  }
}
