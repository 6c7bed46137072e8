// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits for the end of a process that is no child of this one, however it ends. */
final class ProcessWatch {
  private static final long LOOK_MILLIS = 200;

  private final Optional<ProcessHandle> process;

  /**
   * @param pid the process; one that doesn't exist has ended
   */
  ProcessWatch(long pid) {
    // The handle remembers when the process started: another one with its number isn't taken for
    // it.
    process = ProcessHandle.of(pid);
  }

  /** Returns when the process has ended. */
  void await() throws InterruptedException {
    // ProcessHandle.onExit looks less and less often at processes that are no children.
    CountDownLatch never = new CountDownLatch(1);
    while (isRunning() && !never.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
      continue;
    }
  }

  private boolean isRunning() {
    return process.filter(ProcessHandle::isAlive).isPresent() && !isZombie();
  }

  /** Whether it has ended and nobody has asked for its status, which may stay so for long. */
  private boolean isZombie() {
    Path stat = Path.of("/proc", Long.toString(process.map(ProcessHandle::pid).orElse(0L)), "stat");
    try {
      String text = Files.readString(stat, StandardCharsets.ISO_8859_1);
      // The name, in parentheses, may hold anything.
      return text.startsWith(") Z", text.lastIndexOf(')'));
    } catch (IOException e) {
      // Elsewhere than on Linux there is no such file.
      return false;
    }
  }
}
