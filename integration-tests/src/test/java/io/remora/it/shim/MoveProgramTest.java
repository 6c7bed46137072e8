// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.pool.MemberProcesses;
import io.remora.it.pool.Proxy;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A C program goes from server process to server process, and sees pauses and nothing else. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MoveProgramTest {
  private static final int MOVES = 8;

  private ProcessBuilder program(Path folder) throws Exception {
    ShimBuild build = ShimBuild.product(folder);
    Path ptx = Path.of("src", "main", "cuda", "small.ptx").toAbsolutePath();
    return build.command(build.program("resume"), ptx.toString(), "7");
  }

  @Test
  void itGoesOnThroughMovesAndTheDeathOfTheServerThatItHasLeft(@TempDir Path folder)
      throws Exception {
    ProcessBuilder command = program(folder);
    try (MemberProcesses members = new MemberProcesses(folder)) {
      members.start("a");
      members.start("b");
      command.environment().putAll(members.environment("a"));
      try (ShimProcess process = ShimProcess.start(command)) {
        assertThat(process.nextLine()).isEqualTo("ready");
        process.awaitHolds(members.asks("a", MemberProcesses::allReachable));
        process.awaitHolds(members.asks("b", MemberProcesses::allReachable));
        process.awaitHolds(members.asks("a", MemberProcesses::hasClient));
        for (int i = 0; i < MOVES; i++) {
          String from = i % 2 == 0 ? "a" : "b";
          String to = i % 2 == 0 ? "b" : "a";
          members.move(from, to);
          process.awaitHolds(members.asks(to, MemberProcesses::hasClient));
        }
        // SIGTERM gives it to b.
        members.stop("a");
        process.awaitHolds(members.asks("b", MemberProcesses::hasClient));
        members.start("a");
        process.awaitHolds(members.asks("b", MemberProcesses::allReachable));
        members.move("b", "a");
        process.awaitHolds(members.asks("a", MemberProcesses::hasClient));
        members.kill("b");
        process.endInput();
        assertThat(process.awaitEnd()).as(process.errorText()).containsExactly("good");
        assertThat(process.errorText()).isEmpty();
      }
    }
  }

  @Test
  void itFindsItsSessionWhereAStoppingServerHasSentItMeanwhile(@TempDir Path folder)
      throws Exception {
    ProcessBuilder command = program(folder);
    try (MemberProcesses members = new MemberProcesses(folder);
        Proxy way = new Proxy(members.port("a"))) {
      members.reachBy("a", way.port());
      members.start("a");
      command.environment().putAll(members.environment("a"));
      command.environment().put("REMORA_SERVER", members.server("a") + "," + members.server("b"));
      try (ShimProcess process = ShimProcess.start(command)) {
        assertThat(process.nextLine()).isEqualTo("ready");
        members.start("b");
        process.awaitHolds(members.asks("a", MemberProcesses::allReachable));
        way.endAfter(0);
        process.awaitHolds(members.asks("a", MemberProcesses::isClientAway));
        members.stop("a");
        process.awaitHolds(members.asks("b", MemberProcesses::hasClient));
        process.endInput();
        assertThat(process.awaitEnd()).as(process.errorText()).containsExactly("good");
        assertThat(process.errorText()).isEmpty();
      }
    }
  }
}
