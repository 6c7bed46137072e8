// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/**
 * The entry point of the command line: finds the commands, runs the one that is named and exits
 * with its status (see {@link io.remora.command.RemoraCommand}).
 */
public final class Main {
  private Main() {}

  /**
   * Runs one command and exits.
   *
   * @param arguments the command's name, then its own options and parameters
   */
  public static void main(String[] arguments) {
    // Netty would start the JVM's flight recorder for events that nobody records: 0.2 s.
    System.setProperty("io.netty.jfr.enabled", "false");
    // Java 17 would encode by the locale, and a container's is often plain ASCII.
    System.setOut(utf8(FileDescriptor.out));
    System.setErr(utf8(FileDescriptor.err));
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int status = new CommandRunner(Commands.installed(), out, err).run(arguments);
    out.flush();
    err.flush();
    System.exit(status);
  }

  private static PrintStream utf8(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }
}
