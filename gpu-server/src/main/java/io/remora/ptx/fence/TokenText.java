// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

import io.remora.ptx.PtxException;
import io.remora.ptx.parse.Token;
import io.remora.ptx.parse.TokenStream;
import java.util.List;

/** Puts a text together from tokens, each as it was read and nothing else between them. */
final class TokenText {
  private final StringBuilder text;

  TokenText(int characters) {
    text = new StringBuilder(characters);
  }

  /** Text of this package's own. */
  TokenText add(String own) {
    text.append(own);
    return this;
  }

  TokenText line(String own) {
    text.append(own).append('\n');
    return this;
  }

  TokenText tokens(List<Token> tokens) throws PtxException {
    for (Token token : tokens) {
      token(token);
    }
    return this;
  }

  TokenText token(Token token) throws PtxException {
    if (!token.adjacent()) {
      text.append(' ');
    }
    switch (token.kind()) {
      case DOT_WORD -> text.append('.').append(token.text());
      case STRING -> string(token);
      case WORD, NUMBER, PUNCTUATION -> text.append(token.text());
      case END -> throw TokenStream.error(token, "unexpected end");
    }
    return this;
  }

  /** Compilers differ in what a backslash means. */
  private void string(Token token) throws PtxException {
    if (token.text().indexOf('\\') >= 0) {
      throw TokenStream.unsupported(token, "a string with a backslash");
    }
    text.append('"').append(token.text()).append('"');
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
