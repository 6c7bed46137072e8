// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ProcessWatchTest {
  /** A watch that counts down when it has seen the end. */
  private static CountDownLatch watch(long pid) {
    CountDownLatch ended = new CountDownLatch(1);
    Thread watcher =
        new Thread(
            () -> {
              try {
                new ProcessWatch(pid).await();
                ended.countDown();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "watcher");
    watcher.setDaemon(true);
    watcher.start();
    return ended;
  }

  @Test
  void endOfTheProcessIsSeenAndNothingBefore() throws Exception {
    Process process = new ProcessBuilder("cat").start();
    CountDownLatch ended = watch(process.pid());
    assertThat(ended.await(500, TimeUnit.MILLISECONDS)).isFalse();

    process.destroyForcibly();

    ended.await();
  }

  @Test
  void processThatDoesNotExistHasEnded() throws Exception {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();

    watch(process.pid()).await();
  }

  @Test
  void processWhoseStatusNobodyAsksForHasEnded() throws Exception {
    // The shell's child ends while the shell, which has become another program, doesn't wait.
    Process parent = new ProcessBuilder("sh", "-c", "sleep 0.1 & echo $!; exec cat").start();
    try {
      long pid = Long.parseLong(parent.inputReader().readLine());

      watch(pid).await();

      assertThat(ProcessHandle.of(pid)).isPresent();
    } finally {
      parent.destroyForcibly();
    }
  }
}
