// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;

/** Debugging directives (PTX ISA section 11.5): source lines are kept, the rest is skipped. */
public final class Directives {
  private Directives() {}

  /** Reads what follows {@code .loc} and returns the source line. */
  public static int location(TokenStream tokens) throws PtxException {
    Constants.integer(tokens);
    long line = Constants.integer(tokens);
    Constants.integer(tokens);
    while (tokens.take(',')) {
      Token word = tokens.expect(Token.Kind.WORD, "function_name or inlined_at");
      if (word.text().equals("function_name")) {
        tokens.expect(Token.Kind.WORD, "a label");
        if (tokens.take('+')) {
          Constants.integer(tokens);
        }
      } else {
        Constants.integer(tokens);
        Constants.integer(tokens);
        Constants.integer(tokens);
      }
    }
    return line < 0 || line > Integer.MAX_VALUE ? 0 : (int) line;
  }

  /** Skips what follows {@code .file}. */
  public static void skipFile(TokenStream tokens) throws PtxException {
    Constants.integer(tokens);
    tokens.expect(Token.Kind.STRING, "a file name");
    while (tokens.take(',')) {
      Constants.integer(tokens);
    }
  }

  /** Skips what follows {@code .section}: its name and its braces. */
  public static void skipSection(TokenStream tokens) throws PtxException {
    if (tokens.peek().kind() == Token.Kind.DOT_WORD) {
      tokens.next();
    } else {
      tokens.expect(Token.Kind.WORD, "a section name");
    }
    tokens.expect('{');
    while (!tokens.take('}')) {
      if (tokens.peek().kind() == Token.Kind.END) {
        throw tokens.error("this section is never closed");
      }
      tokens.next();
    }
  }
}
