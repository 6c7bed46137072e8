// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.pool.MemberProcesses;
import io.remora.it.pool.PreviousVersion;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members of a pool are replaced, one after the other, under C programs of either version. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UpgradeTest {
  @ParameterizedTest(name = "a client of this version: {0}")
  @ValueSource(booleans = {true, false})
  void aProgramGoesOnThroughAnUpgradeAndItsReversal(boolean thisClient, @TempDir Path folder)
      throws Exception {
    PreviousVersion previous = PreviousVersion.given();
    ShimBuild build =
        thisClient ? ShimBuild.product(folder) : ShimBuild.of(folder, previous.library());
    Path ptx = Path.of("src", "main", "cuda", "small.ptx").toAbsolutePath();
    ProcessBuilder command = build.command(build.program("resume"), ptx.toString(), "7");
    try (MemberProcesses members = new MemberProcesses(folder)) {
      members.start("a", previous.classPath());
      members.start("b", previous.classPath());
      command.environment().putAll(members.environment("a"));
      try (ShimProcess process = ShimProcess.start(command)) {
        assertThat(process.nextLine()).isEqualTo("ready");
        process.awaitHolds(members.asks("b", MemberProcesses::allReachable));
        process.awaitHolds(members.asks("a", MemberProcesses::hasClient));
        renew(members, process, "b", "a", PreviousVersion.THIS);
        renew(members, process, "a", "b", previous.classPath());
        process.endInput();
        assertThat(process.awaitEnd()).as(process.errorText()).containsExactly("good");
        assertThat(process.errorText()).isEmpty();
      }
    }
  }

  /** Gives both members another version, first the one that has no session. */
  private static void renew(
      MemberProcesses members, ShimProcess process, String idle, String busy, String classPath)
      throws InterruptedException {
    members.stop(idle);
    members.start(idle, classPath);
    process.awaitHolds(members.asks(busy, MemberProcesses::allReachable));
    process.awaitHolds(members.asks(idle, MemberProcesses::allReachable));
    members.stop(busy);
    process.awaitHolds(members.asks(idle, MemberProcesses::hasClient));
    members.start(busy, classPath);
    process.awaitHolds(members.asks(busy, MemberProcesses::allReachable));
  }
}
