// SPDX-License-Identifier: Apache-2.0
package io.remora.it.process;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Signals that Java can't send. */
public final class Signals {
  private Signals() {}

  /**
   * Sends a signal.
   *
   * @param name without SIG, e.g. {@code STOP}
   */
  public static void send(String name, Process process) {
    // The shell's own command: a minimal Debian has no program of this name.
    ProcessBuilder kill = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid());
    try {
      if (kill.start().waitFor() != 0) {
        throw new IllegalStateException("kill -" + name + " " + process.pid() + " failed");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run a shell", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while sending a signal", e);
    }
  }
}
