// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

/** Java text in the making: lines, indented by the braces opened so far. */
final class SourceText {
  private final StringBuilder text = new StringBuilder();
  private int depth;

  /** Starts a file; {@code imports} are full names. */
  static SourceText file(String packageName, String... imports) {
    var source = new SourceText();
    source.line("// Generated from the call table (cuda_calls.proto) by io.remora.calls.Generate.");
    source.line("// Do not edit.");
    source.line("package " + packageName + ";").line("");
    for (String each : imports) {
      source.line("import " + each + ";");
    }
    return source.line("");
  }

  SourceText line(String line) {
    if (!line.isEmpty()) {
      text.append("  ".repeat(depth)).append(line);
    }
    text.append('\n');
    return this;
  }

  /** A line that ends in an opening brace. */
  SourceText open(String head) {
    line(head + " {");
    depth++;
    return this;
  }

  /** A closing brace. */
  SourceText close() {
    return close("");
  }

  /** A closing brace and what follows it on the line. */
  SourceText close(String tail) {
    depth--;
    return line("}" + tail);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
