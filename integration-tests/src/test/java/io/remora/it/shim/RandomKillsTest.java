// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.AdminClient;
import io.remora.it.process.ServerProcess;
import io.remora.v1.StatisticsReply;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A program that is killed wherever it happens to be leaves nothing behind on the server. */
class RandomKillsTest {
  private static final int KILLS = 200;
  private static final int LIFE_MICROS_MAX = 150_000;
  private static final long RECLAIM_SECONDS_MAX = 10;

  @Test
  @Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void theLedgerIsAtZeroAfterEachOfManyKills(@TempDir Path folder) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("RandomKillsTest -Dseed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    ShimBuild build = ShimBuild.product(folder);
    Path victim = build.program("victim");
    Path ptx = Path.of("src", "main", "cuda", "small.ptx").toAbsolutePath();
    long heldAtSomeTime = 0;
    try (ServerProcess server =
            ServerProcess.start(
                folder.resolve("server"), List.of(), List.of("--resume-grace", "0s"));
        AdminClient admin = AdminClient.open(server.settings())) {
      for (int kill = 0; kill < KILLS; kill++) {
        Process process =
            build
                .command(server, victim, ptx.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("victim.txt").toFile())
                .start();
        try {
          boolean ended = process.waitFor(random.nextInt(LIFE_MICROS_MAX), TimeUnit.MICROSECONDS);
          assertThat(ended).as("kill %s: %s", kill, words(folder)).isFalse();
          heldAtSomeTime = Math.max(heldAtSomeTime, admin.statistics().getMemoryReservedBytes());
        } finally {
          process.destroyForcibly().waitFor();
        }
        awaitNothingHeld(admin, kill);
      }
    }
    // Otherwise the kills came too early to show anything.
    assertThat(heldAtSomeTime).isPositive();
  }

  private static String words(Path folder) throws Exception {
    return Files.readString(folder.resolve("victim.txt"));
  }

  private static void awaitNothingHeld(AdminClient admin, int kill) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(RECLAIM_SECONDS_MAX);
    StatisticsReply held = admin.statistics();
    while (held.getMemoryReservedBytes() != 0) {
      assertThat(System.nanoTime())
          .as("kill %s: %s bytes are still held", kill, held.getMemoryReservedBytes())
          .isLessThan(end);
      held = admin.statistics();
    }
  }
}
