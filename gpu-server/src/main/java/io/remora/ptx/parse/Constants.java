// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Operand.Imm;

/** Literals and constant expressions (PTX ISA section 4.5). */
public final class Constants {
  private static final int MAX_DEPTH = 64;

  private Constants() {}

  /** Reads an integer expression: literals, signs, parentheses, the usual binary operators. */
  public static long integer(TokenStream tokens) throws PtxException {
    Token start = tokens.peek();
    Imm value = expression(tokens, 0, 0);
    if (value.kind() != Imm.Kind.INTEGER) {
      throw TokenStream.error(start, "expected an integer but found " + start.shown());
    }
    return value.bits();
  }

  /** Reads a signed literal or a parenthesised expression. */
  static Imm operand(TokenStream tokens) throws PtxException {
    return unary(tokens, 0);
  }

  private static Imm expression(TokenStream tokens, int minPrecedence, int depth)
      throws PtxException {
    Imm left = unary(tokens, depth);
    while (true) {
      Token operator = tokens.peek();
      int precedence = precedence(operator);
      if (precedence <= minPrecedence) {
        return left;
      }
      tokens.next();
      if (operator.is('<') || operator.is('>')) {
        tokens.expect(operator.text().charAt(0));
      }
      Imm right = expression(tokens, precedence, checkDepth(tokens, depth));
      left = combine(operator, left, right);
    }
  }

  private static int precedence(Token operator) {
    if (operator.kind() != Token.Kind.PUNCTUATION) {
      return 0;
    }
    return switch (operator.text().charAt(0)) {
      case '|' -> 1;
      case '^' -> 2;
      case '&' -> 3;
      case '<', '>' -> 4;
      case '+', '-' -> 5;
      case '*', '/', '%' -> 6;
      default -> 0;
    };
  }

  private static Imm combine(Token operator, Imm left, Imm right) throws PtxException {
    if (left.kind() != Imm.Kind.INTEGER || right.kind() != Imm.Kind.INTEGER) {
      throw TokenStream.error(operator, "only integers may be combined in an expression");
    }
    long a = left.bits();
    long b = right.bits();
    char c = operator.text().charAt(0);
    if ((c == '/' || c == '%') && b == 0) {
      throw TokenStream.error(operator, "division by zero in a constant expression");
    }
    return integer(
        switch (c) {
          case '|' -> a | b;
          case '^' -> a ^ b;
          case '&' -> a & b;
          case '<' -> a << b;
          case '>' -> a >> b;
          case '+' -> a + b;
          case '-' -> a - b;
          case '*' -> a * b;
          case '/' -> a / b;
          default -> a % b;
        });
  }

  private static Imm unary(TokenStream tokens, int depth) throws PtxException {
    Token token = tokens.peek();
    if (tokens.take('-')) {
      return negate(unary(tokens, checkDepth(tokens, depth)));
    }
    if (tokens.take('+')) {
      return unary(tokens, checkDepth(tokens, depth));
    }
    if (tokens.take('~')) {
      return integer(~requireInteger(token, unary(tokens, checkDepth(tokens, depth))));
    }
    if (tokens.take('!')) {
      long value = requireInteger(token, unary(tokens, checkDepth(tokens, depth)));
      return integer(value == 0 ? 1 : 0);
    }
    if (tokens.take('(')) {
      if (tokens.peek().kind() == Token.Kind.DOT_WORD) { // A cast: (.s64) or (.u64).
        tokens.next();
        tokens.expect(')');
        return unary(tokens, checkDepth(tokens, depth));
      }
      Imm value = expression(tokens, 0, checkDepth(tokens, depth));
      tokens.expect(')');
      return value;
    }
    if (token.kind() == Token.Kind.WORD && token.text().equals("WARP_SZ")) {
      tokens.next();
      return integer(32);
    }
    return literal(tokens.expect(Token.Kind.NUMBER, "a number"));
  }

  private static int checkDepth(TokenStream tokens, int depth) throws PtxException {
    if (depth >= MAX_DEPTH) {
      throw tokens.error("this expression is nested too deeply");
    }
    return depth + 1;
  }

  private static long requireInteger(Token token, Imm value) throws PtxException {
    if (value.kind() != Imm.Kind.INTEGER) {
      throw TokenStream.error(token, "expected an integer after " + token.shown());
    }
    return value.bits();
  }

  private static Imm integer(long value) {
    return new Imm(value, Imm.Kind.INTEGER);
  }

  private static Imm negate(Imm value) {
    return switch (value.kind()) {
      case INTEGER -> integer(-value.bits());
      case F32 -> new Imm(value.bits() ^ 0x8000_0000L, Imm.Kind.F32);
      case F64 -> new Imm(value.bits() ^ Long.MIN_VALUE, Imm.Kind.F64);
    };
  }

  private static Imm literal(Token token) throws PtxException {
    String text = token.text();
    try {
      if (text.length() > 1 && text.charAt(0) == '0') {
        char form = text.charAt(1);
        if (form == 'f' || form == 'F') {
          return new Imm(hex(token, text.substring(2), 8), Imm.Kind.F32);
        }
        if (form == 'd' || form == 'D') {
          return new Imm(hex(token, text.substring(2), 16), Imm.Kind.F64);
        }
        if (form == 'x' || form == 'X') {
          return integer(Long.parseUnsignedLong(withoutSuffix(text.substring(2)), 16));
        }
        if (form == 'b' || form == 'B') {
          return integer(Long.parseUnsignedLong(withoutSuffix(text.substring(2)), 2));
        }
      }
      if (text.indexOf('.') >= 0 || text.indexOf('e') >= 0 || text.indexOf('E') >= 0) {
        return new Imm(Double.doubleToRawLongBits(Double.parseDouble(text)), Imm.Kind.F64);
      }
      String digits = withoutSuffix(text);
      boolean octal = digits.length() > 1 && digits.charAt(0) == '0';
      return integer(Long.parseUnsignedLong(digits, octal ? 8 : 10));
    } catch (NumberFormatException e) {
      throw TokenStream.error(token, token.shown() + " is not a number that fits 64 bits");
    }
  }

  private static long hex(Token token, String digits, int length) throws PtxException {
    if (digits.length() != length) {
      throw TokenStream.error(
          token, token.shown() + " needs exactly " + length + " hexadecimal digits");
    }
    return Long.parseUnsignedLong(digits, 16);
  }

  private static String withoutSuffix(String digits) {
    return digits.endsWith("U") ? digits.substring(0, digits.length() - 1) : digits;
  }
}
