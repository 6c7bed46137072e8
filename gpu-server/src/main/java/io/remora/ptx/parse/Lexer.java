// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.parse;

import io.remora.ptx.PtxException;
import java.util.Locale;

/** Cuts PTX text into tokens, one at a time. */
final class Lexer {
  private final String text;
  private int position;
  private int line = 1;
  private int lineStart;

  Lexer(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == 0) {
      end--;
    }
    this.text = text.substring(0, end);
  }

  Token next() throws PtxException {
    int before = position;
    skipBlanks();
    boolean adjacent = before == position;
    if (position >= text.length()) {
      return new Token(Token.Kind.END, "", line, column(position), adjacent);
    }
    int start = position;
    int column = column(start);
    char c = text.charAt(start);
    if (c == '.' && isWordPart(peek(1))) {
      position++;
      skipDotWord();
      return new Token(
          Token.Kind.DOT_WORD, text.substring(start + 1, position), line, column, adjacent);
    }
    if (isDigit(c)) {
      skipNumber();
      return new Token(Token.Kind.NUMBER, text.substring(start, position), line, column, adjacent);
    }
    if (isWordStart(c)) {
      position++;
      while (isWordPart(peek(0))) {
        position++;
      }
      return new Token(Token.Kind.WORD, text.substring(start, position), line, column, adjacent);
    }
    if (c == '"') {
      return string(start, column, adjacent);
    }
    if ("{}[]()<>,;:=+-*/%&|^~!@.?".indexOf(c) >= 0) {
      position++;
      return new Token(Token.Kind.PUNCTUATION, String.valueOf(c), line, column, adjacent);
    }
    throw new PtxException(
        PtxException.Kind.SYNTAX,
        line,
        column,
        String.format(Locale.ROOT, "character U+%04X has no place in PTX", (int) c));
  }

  private Token string(int start, int column, boolean adjacent) throws PtxException {
    int end = start + 1;
    while (end < text.length() && text.charAt(end) != '"' && text.charAt(end) != '\n') {
      end++;
    }
    if (end >= text.length() || text.charAt(end) != '"') {
      throw new PtxException(
          PtxException.Kind.SYNTAX, line, column, "this string has no closing quote on its line");
    }
    position = end + 1;
    return new Token(Token.Kind.STRING, text.substring(start + 1, end), line, column, adjacent);
  }

  private void skipBlanks() throws PtxException {
    while (position < text.length()) {
      char c = text.charAt(position);
      if (c == '\n') {
        position++;
        line++;
        lineStart = position;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
        position++;
      } else if (c == '/' && peek(1) == '/') {
        int end = text.indexOf('\n', position);
        position = end < 0 ? text.length() : end;
      } else if (c == '/' && peek(1) == '*') {
        skipComment();
      } else {
        return;
      }
    }
  }

  private void skipComment() throws PtxException {
    int end = text.indexOf("*/", position + 2);
    if (end < 0) {
      throw new PtxException(
          PtxException.Kind.SYNTAX, line, column(position), "this comment is never closed");
    }
    for (int i = position; i < end; i++) {
      if (text.charAt(i) == '\n') {
        line++;
        lineStart = i + 1;
      }
    }
    position = end + 2;
  }

  /** A word after a dot may have parts joined by double colons, as in {@code .shared::cta}. */
  private void skipDotWord() {
    while (true) {
      while (isWordPart(peek(0))) {
        position++;
      }
      if (peek(0) != ':' || peek(1) != ':' || !isWordPart(peek(2))) {
        return;
      }
      position += 2;
    }
  }

  private void skipNumber() {
    boolean plain = text.charAt(position) != '0' || !Character.isLetter(peek(1)) || isExponent(1);
    while (isWordPart(peek(0))) {
      char c = peek(0);
      position++;
      boolean exponent = plain && (c == 'e' || c == 'E');
      if (exponent && (peek(0) == '+' || peek(0) == '-')) {
        position++;
      }
    }
    if (plain && peek(0) == '.' && !Character.isLetter(peek(1)) && peek(1) != '_') {
      position++;
      skipFraction();
    }
  }

  private void skipFraction() {
    while (isWordPart(peek(0))) {
      char c = peek(0);
      position++;
      if ((c == 'e' || c == 'E') && (peek(0) == '+' || peek(0) == '-')) {
        position++;
      }
    }
  }

  private boolean isExponent(int ahead) {
    return peek(ahead) == 'e' || peek(ahead) == 'E';
  }

  private char peek(int ahead) {
    int index = position + ahead;
    return index < text.length() ? text.charAt(index) : 0;
  }

  private int column(int index) {
    return index - lineStart + 1;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isWordStart(char c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c == '%';
  }

  private static boolean isWordPart(char c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || isDigit(c);
  }
}
