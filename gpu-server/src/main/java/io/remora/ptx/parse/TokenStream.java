// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;
import java.util.Map;

/** The lexer with one token of look-ahead. */
public final class TokenStream {
  private final Lexer lexer;
  private final Map<String, String> names;
  private Token current;

  /**
   * @param names words that are read as others
   */
  public TokenStream(String text, Map<String, String> names) throws PtxException {
    this.names = names;
    lexer = new Lexer(text);
    current = read();
  }

  /** The next token, which stays. */
  public Token peek() {
    return current;
  }

  /** Takes the next token; at the end of the text it is always the end. */
  public Token next() throws PtxException {
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

  /** Takes a mark if it is the next token. */
  public boolean take(char punctuation) throws PtxException {
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

  /** Takes a mark. */
  public void expect(char punctuation) throws PtxException {
    if (!take(punctuation)) {
      throw error("expected '" + punctuation + "' but found " + current.shown());
    }
  }

  /**
   * Takes a token of a kind.
   *
   * @param what as an error names it
   */
  public Token expect(Token.Kind kind, String what) throws PtxException {
    if (current.kind() != kind) {
      throw error("expected " + what + " but found " + current.shown());
    }
    return next();
  }

  /** A refusal at the current token. */
  public PtxException error(String detail) {
    return error(current, detail);
  }

  /** A refusal at a token. */
  public static PtxException error(Token token, String detail) {
    return new PtxException(PtxException.Kind.SYNTAX, token.line(), token.column(), detail);
  }

  /** A refusal of what a token stands for. */
  public static PtxException unsupported(Token token, String detail) {
    return new PtxException(
        PtxException.Kind.UNSUPPORTED, token.line(), token.column(), detail + " is not supported");
  }
}
