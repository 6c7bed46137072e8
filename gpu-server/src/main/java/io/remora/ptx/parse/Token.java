// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

/**
 * One token.
 *
 * @param kind what it is
 * @param text as written; for {@link Kind#DOT_WORD} without the dot, for strings without the quotes
 * @param line line, from 1
 * @param column column, from 1
 * @param adjacent whether nothing stands between it and the token before
 */
public record Token(Kind kind, String text, int line, int column, boolean adjacent) {
  /** What a token is. */
  public enum Kind {
    WORD,
    DOT_WORD,
    NUMBER,
    STRING,
    PUNCTUATION,
    END
  }

  /** Whether it is this mark. */
  public boolean is(char punctuation) {
    return kind == Kind.PUNCTUATION && text.charAt(0) == punctuation;
  }

  /** Whether it is this word after a dot. */
  public boolean isDot(String word) {
    return kind == Kind.DOT_WORD && text.equals(word);
  }

  /** How an error message names it. */
  public String shown() {
    return switch (kind) {
      case END -> "the end of the text";
      case DOT_WORD -> "'." + abbreviated() + "'";
      case STRING -> "a string";
      case WORD, NUMBER, PUNCTUATION -> "'" + abbreviated() + "'";
    };
  }

  private String abbreviated() {
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }
}
