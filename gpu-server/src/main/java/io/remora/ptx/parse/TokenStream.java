// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;

/** The lexer with one token of look-ahead. */
final class TokenStream {
  private final Lexer lexer;
  private Token current;

  TokenStream(String text) throws PtxException {
    lexer = new Lexer(text);
    current = lexer.next();
  }

  Token peek() {
    return current;
  }

  Token next() throws PtxException {
    Token token = current;
    if (token.kind() != Token.Kind.END) {
      current = lexer.next();
    }
    return token;
  }

  boolean take(char punctuation) throws PtxException {
    if (current.is(punctuation)) {
      next();
      return true;
    }
    return false;
  }

  boolean takeDot(String word) throws PtxException {
    if (current.isDot(word)) {
      next();
      return true;
    }
    return false;
  }

  void expect(char punctuation) throws PtxException {
    if (!take(punctuation)) {
      throw error("expected '" + punctuation + "' but found " + current.shown());
    }
  }

  Token expect(Token.Kind kind, String what) throws PtxException {
    if (current.kind() != kind) {
      throw error("expected " + what + " but found " + current.shown());
    }
    return next();
  }

  /** A refusal at the current token. */
  PtxException error(String detail) {
    return error(current, detail);
  }

  static PtxException error(Token token, String detail) {
    return new PtxException(PtxException.Kind.SYNTAX, token.line(), token.column(), detail);
  }

  static PtxException unsupported(Token token, String detail) {
    return new PtxException(
        PtxException.Kind.UNSUPPORTED, token.line(), token.column(), detail + " is not supported");
  }
}
