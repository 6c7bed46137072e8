// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * A PTX text was refused. The message is complete: it names line, column and what is wrong, so that
 * a caller can show it as it is.
 */
public final class PtxException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why the text was refused. */
  public enum Kind {
    /** The text is not PTX: unknown token, missing bracket, unknown name, wrong operand type. */
    SYNTAX,
    /** The text is, or may be, good PTX, but uses something this engine doesn't implement. */
    UNSUPPORTED,
    /** The text is larger than the limits in {@link CompileOptions}. */
    TOO_LARGE
  }

  private final Kind kind;
  private final int line;
  private final int column;

  /**
   * @param kind why the text was refused
   * @param line line in the text, from 1, or 0 if the whole text is meant
   * @param column column in the line, from 1, or 0 if the whole line is meant
   * @param detail what is wrong, without the position
   */
  public PtxException(Kind kind, int line, int column, String detail) {
    super(line == 0 ? detail : "line " + line + ", column " + column + ": " + detail);
    this.kind = kind;
    this.line = line;
    this.column = column;
  }

  private PtxException(PtxException cause, String text) {
    super(text + ", " + cause.getMessage(), cause);
    this.kind = cause.kind;
    this.line = cause.line;
    this.column = cause.column;
  }

  /** The same refusal, with the name of the text in front. */
  public PtxException in(String text) {
    return new PtxException(this, text);
  }

  /** Why the text was refused. */
  public Kind kind() {
    return kind;
  }

  /** Line in the text, from 1; 0 if the whole text is meant. */
  public int line() {
    return line;
  }

  /** Column in the line, from 1; 0 if the whole line is meant. */
  public int column() {
    return column;
  }
}
