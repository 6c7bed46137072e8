// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;
import java.util.Map;

/** The lexer with one token of look-ahead. */
final class TokenStream {
  private final Lexer lexer;
  private final Map<String, String> names;
  private Token current;

  /**
   * @param names words that are read as others
   */
  TokenStream(String text, Map<String, String> names) throws PtxException {
    this.names = names;
    lexer = new Lexer(text);
    current = read();
  }

  Token peek() {
    return current;
  }

  Token next() throws PtxException {
    Token token = current;
    if (token.kind() != Token.Kind.END) {
      current = read();
    }
    return token;
  }

  private Token read() throws PtxException {
    Token token = lexer.next();
    String other = token.kind() == Token.Kind.WORD ? names.get(token.text()) : null;
    return other == null
        ? token
        : new Token(token.kind(), other, token.line(), token.column(), token.adjacent());
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
