// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import java.util.List;

/** C text in the making: lines, indented by the braces opened so far. */
final class CText {
  private static final String INDENT = "    ";
  private static final int WIDTH = 100;

  private final StringBuilder text = new StringBuilder();
  private int depth;

  /** Starts a file that says where it comes from. */
  static CText file() {
    return new CText()
        .line("/* Generated from the call table (cuda_calls.proto) by io.remora.calls.Generate. */")
        .line("/* Do not edit. */");
  }

  /** Starts a header; {@link #endHeader} ends it. */
  static CText header(String guard) {
    return file().line("#ifndef " + guard).line("#define " + guard).line("");
  }

  CText line(String line) {
    if (!line.isEmpty()) {
      text.append(INDENT.repeat(depth)).append(line);
    }
    text.append('\n');
    return this;
  }

  /** Includes one file; names in angle brackets stay as they are. */
  CText include(String name) {
    return line("#include " + (name.startsWith("<") ? name : '"' + name + '"'));
  }

  /** A comment of one sentence or a few. */
  CText comment(String words) {
    return line("/* " + words.replace("*/", "* /") + " */");
  }

  /** A line that ends in an opening brace. */
  CText open(String head) {
    line(head + " {");
    depth++;
    return this;
  }

  /** The opening brace of a function, on a line of its own. */
  CText openFunction() {
    line("{");
    depth++;
    return this;
  }

  CText close() {
    return close("");
  }

  /** A closing brace and what follows it. */
  CText close(String tail) {
    depth--;
    return line("}" + tail);
  }

  /** {@code head(items)tail}, broken where it is too long. */
  CText list(String head, List<String> items, String tail) {
    var line = new StringBuilder(head).append('(');
    int room = WIDTH - INDENT.length() * depth;
    for (int i = 0; i < items.size(); i++) {
      String item = items.get(i) + (i + 1 < items.size() ? "," : ")" + tail);
      String space = i == 0 ? "" : " ";
      if (line.length() + space.length() + item.length() > room) {
        line(line.toString());
        line.setLength(0);
        space = INDENT + INDENT;
      }
      line.append(space).append(item);
    }
    return line(items.isEmpty() ? line + ")" + tail : line.toString());
  }

  String endHeader() {
    return line("").line("#endif").toString();
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
