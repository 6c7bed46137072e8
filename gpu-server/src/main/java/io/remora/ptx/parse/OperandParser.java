// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.Operand.Imm;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.SpecialRegisters;
import io.remora.ptx.ir.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Operands of instructions (PTX ISA chapter 6). */
final class OperandParser {
  private static final int MAX_GROUP = 1024;

  private final TokenStream tokens;
  private final Predicate<String> isFunction;

  OperandParser(TokenStream tokens, Predicate<String> isFunction) {
    this.tokens = tokens;
    this.isFunction = isFunction;
  }

  /** Reads all operands up to the semicolon, without taking it. */
  List<Operand> list(Scope scope) throws PtxException {
    var operands = new ArrayList<Operand>(4);
    while (!tokens.peek().is(';')) {
      if (tokens.peek().is('[')) {
        operands.add(address(scope));
        if (tokens.take(',')) {
          // [image, {coordinates}] becomes two operands.
          operands.add(operand(scope));
        }
        tokens.expect(']');
      } else {
        operands.add(operand(scope));
      }
      if (!tokens.take(',')) {
        break;
      }
    }
    return operands;
  }

  private Operand operand(Scope scope) throws PtxException {
    Token token = tokens.peek();
    if (token.is('{')) {
      Operand registers = group(scope, '{', '}');
      return tokens.take('|') ? pair(scope, registers) : registers;
    }
    if (token.is('(')) {
      return group(scope, '(', ')');
    }
    if (tokens.take('!')) {
      Token name = tokens.expect(Token.Kind.WORD, "a predicate after '!'");
      Register register = scope.register(name.text());
      if (register == null) {
        throw TokenStream.error(name, "there is no predicate named " + name.shown());
      }
      return new Operand.Reg(register, true);
    }
    if (token.kind() == Token.Kind.WORD && !token.text().equals("WARP_SZ")) {
      Operand first = named(scope, tokens.next());
      return tokens.take('|') ? pair(scope, first) : first;
    }
    if (token.kind() == Token.Kind.NUMBER || isSign(token)) {
      return Constants.operand(tokens);
    }
    throw tokens.error("expected an operand but found " + token.shown());
  }

  private Operand pair(Scope scope, Operand first) throws PtxException {
    Token second = tokens.expect(Token.Kind.WORD, "a second destination after '|'");
    return new Operand.Pair(first, named(scope, second));
  }

  private static boolean isSign(Token token) {
    return token.is('-') || token.is('+') || token.is('~') || token.text().equals("WARP_SZ");
  }

  private Operand named(Scope scope, Token token) throws PtxException {
    String name = token.text();
    if (name.equals("_")) {
      return new Operand.Sink();
    }
    Register register = scope.register(name);
    if (register != null) {
      return new Operand.Reg(register, false);
    }
    List<Register> vector = scope.vector(name);
    if (vector != null) {
      return component(token, vector);
    }
    Variable variable = scope.variable(name);
    if (variable != null) {
      return new Operand.Symbol(variable, symbolOffset(), false);
    }
    if (name.equals("generic") && tokens.take('(')) {
      return genericSymbol(scope);
    }
    if (name.startsWith("%")) {
      return special(token);
    }
    return isFunction.test(name) ? new Operand.Function(name) : new Operand.Label(name);
  }

  /** One component of a vector register, or all of them in a group. */
  private Operand component(Token name, List<Register> vector) throws PtxException {
    Token next = tokens.peek();
    if (next.kind() != Token.Kind.DOT_WORD || !next.adjacent()) {
      return new Operand.Group(
          vector.stream().<Operand>map(each -> new Operand.Reg(each, false)).toList());
    }
    int number = Scope.component(tokens.next().text());
    if (number < 0 || number >= vector.size()) {
      throw TokenStream.error(next, name.shown() + " has no component " + next.shown());
    }
    return new Operand.Reg(vector.get(number), false);
  }

  private Operand genericSymbol(Scope scope) throws PtxException {
    Token token = tokens.expect(Token.Kind.WORD, "a symbol");
    Variable variable = scope.variable(token.text());
    if (variable == null) {
      throw TokenStream.error(token, "there is no variable named " + token.shown());
    }
    tokens.expect(')');
    return new Operand.Symbol(variable, symbolOffset(), true);
  }

  private long symbolOffset() throws PtxException {
    if (tokens.take('+')) {
      return Constants.integer(tokens);
    }
    return tokens.peek().is('-') ? Constants.integer(tokens) : 0;
  }

  private Operand special(Token token) throws PtxException {
    String name = token.text();
    Token next = tokens.peek();
    if (next.kind() == Token.Kind.DOT_WORD && next.adjacent()) {
      name = name + "." + tokens.next().text();
    }
    if (!SpecialRegisters.isKnown(name)) {
      throw TokenStream.error(token, "there is no register named '" + name + "'");
    }
    return new Operand.Special(name);
  }

  private Operand group(Scope scope, char open, char close) throws PtxException {
    tokens.expect(open);
    var elements = new ArrayList<Operand>(4);
    while (!tokens.peek().is(close)) {
      if (elements.size() == MAX_GROUP) {
        throw tokens.error("too many operands in one group");
      }
      Token token = tokens.peek();
      if (token.is('{') || token.is('(') || token.is('[')) {
        throw tokens.error("expected a simple operand but found " + token.shown());
      }
      elements.add(operand(scope));
      if (!tokens.take(',')) {
        break;
      }
    }
    tokens.expect(close);
    return new Operand.Group(List.copyOf(elements));
  }

  /** Leaves what is behind the address, at least the closing bracket. */
  private Operand address(Scope scope) throws PtxException {
    tokens.expect('[');
    Token token = tokens.peek();
    Operand base;
    long offset = 0;
    if (token.kind() == Token.Kind.WORD) {
      base = named(scope, tokens.next());
      if (base instanceof Operand.Symbol symbol) {
        offset = symbol.offset();
        base = new Operand.Symbol(symbol.variable(), 0, symbol.generic());
      } else if (base instanceof Operand.Reg) {
        offset = symbolOffset();
      } else {
        throw TokenStream.error(token, token.shown() + " is not something that has an address");
      }
    } else {
      base = new Imm(Constants.integer(tokens), Imm.Kind.INTEGER);
    }
    return new Operand.Address(base, offset);
  }
}
