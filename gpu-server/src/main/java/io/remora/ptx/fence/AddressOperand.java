// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.util.List;

/**
 * An address as instructions have it (PTX ISA section 6.4.1): a register, a symbol or a number, and
 * what is added to it.
 */
record AddressOperand(Token base, long offset) {
  static AddressOperand of(List<Token> operand) throws PtxException {
    Token open = operand.get(0);
    int last = operand.size() - 1;
    if (last < 2 || !open.is('[') || !operand.get(last).is(']')) {
      throw TokenStream.unsupported(open, "an address of this form");
    }
    Token base = operand.get(1);
    if (base.kind() != Token.Kind.WORD && base.kind() != Token.Kind.NUMBER) {
      throw TokenStream.error(base, "expected an address but found " + base.shown());
    }
    return new AddressOperand(base, sum(operand.subList(2, last)));
  }

  /** The sum of {@code + 8}, {@code +-8}, {@code - 8}, as many as there are. */
  static long sum(List<Token> terms) throws PtxException {
    long sum = 0;
    int at = 0;
    while (at < terms.size()) {
      Token sign = terms.get(at++);
      boolean negative = sign.is('-');
      if (!negative && !sign.is('+')) {
        throw TokenStream.unsupported(sign, "an address with " + sign.shown());
      }
      if (at < terms.size() && terms.get(at).is('-')) {
        negative = !negative;
        at++;
      }
      if (at == terms.size()) {
        throw TokenStream.error(sign, "a number is missing after " + sign.shown());
      }
      long number = number(terms.get(at++));
      sum += negative ? -number : number;
    }
    return sum;
  }

  /** The value of an integer literal (PTX ISA section 4.5.1). */
  static long number(Token token) throws PtxException {
    String digits = token.text();
    if (token.kind() != Token.Kind.NUMBER) {
      throw TokenStream.unsupported(token, "an address with " + token.shown());
    }
    if (digits.endsWith("U")) {
      digits = digits.substring(0, digits.length() - 1);
    }
    try {
      if (digits.startsWith("0x") || digits.startsWith("0X")) {
        return Long.parseUnsignedLong(digits.substring(2), 16);
      }
      if (digits.startsWith("0b") || digits.startsWith("0B")) {
        return Long.parseUnsignedLong(digits.substring(2), 2);
      }
      return Long.parseUnsignedLong(digits, digits.startsWith("0") ? 8 : 10);
    } catch (NumberFormatException none) {
      throw TokenStream.error(token, token.shown() + " is no integer");
    }
  }
}
