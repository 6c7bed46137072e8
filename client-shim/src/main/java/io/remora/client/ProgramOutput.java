// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.io.PrintStream;

/** Where the text of kernels goes unless the program wants it elsewhere: its standard output. */
final class ProgramOutput {
  private ProgramOutput() {}

  static void print(byte[] text) {
    // Looked up each time: a program may have set another one.
    PrintStream out = System.out;
    out.write(text, 0, text.length);
    out.flush();
  }
}
