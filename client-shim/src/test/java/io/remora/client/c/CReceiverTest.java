// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The receiving half of the C client, fed with frames cut anywhere and with broken ones. */
class CReceiverTest {
  private static final long SEED = Long.getLong("remora.test.seed", 20_261_124L);
  private static final int ROUNDS = 400;
  private static final List<String> SOURCES =
      List.of(
          "receiver.c",
          "frames.c",
          "answers.c",
          "welcome.c",
          "wire.c",
          "callbacks.c",
          "output.c",
          "thread.c",
          "report.c",
          "process.c",
          "statistics.c",
          "trace.c",
          "trace_file.c",
          "kept.c",
          "channel.c",
          "waiting.c");

  @TempDir private Path directory;

  @Test
  void framesArriveHoweverTheyAreCutAndBrokenOnesDoNoHarm() throws Exception {
    CCompiler compiler = CCompiler.orSkip(directory, "CReceiverTest");
    // Sending and connecting are not linked; nothing here gets there.
    List<String> arguments =
        new ArrayList<>(List.of("-no-pie", "-Wl,--unresolved-symbols=ignore-all"));
    arguments.addAll(compiler.sanitizers());
    arguments.add(CCompiler.TEST.resolve("receiver_test.c").toString());
    SOURCES.forEach(each -> arguments.add(CCompiler.MAIN.resolve(each).toString()));
    arguments.add(CCompiler.GENERATED.resolve("remora_calls.c").toString());
    arguments.add(CCompiler.GENERATED.resolve("remora_errors.c").toString());
    Path program = compiler.program("receiver_test", arguments);

    CCompiler.Result result =
        compiler.run(List.of(program.toString(), Long.toString(SEED), Integer.toString(ROUNDS)));

    String seed = "seed " + SEED + " (-Dremora.test.seed)";
    assertThat(result.exitCode()).as("%s%n%s", seed, result.output()).isZero();
    assertThat(result.output().strip()).as(seed).isEqualTo("received");
  }
}
