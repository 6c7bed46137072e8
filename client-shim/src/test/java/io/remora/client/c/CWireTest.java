// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.calls.CallTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The C client's encoders and decoders against protobuf's own. */
class CWireTest {
  private static final long SEED = Long.getLong("remora.test.seed", 20_261_123L);

  @TempDir private Path directory;

  @Test
  void theCodecsAgreeWithProtobufAndSurviveGarbage() throws Exception {
    CCompiler compiler = CCompiler.orSkip(directory, "CWireTest");
    CodecCases cases = new CodecCases(CallTable.load(), SEED);
    Path source = directory.resolve("cases.c");
    Files.writeString(source, cases.source());
    List<String> arguments = new ArrayList<>(compiler.sanitizers());
    arguments.add(source.toString());
    arguments.add(CCompiler.TEST.resolve("codec_test.c").toString());
    arguments.add(CCompiler.MAIN.resolve("wire.c").toString());
    arguments.add(CCompiler.GENERATED.resolve("remora_calls.c").toString());
    Path program = compiler.program("codec_test", arguments);

    CCompiler.Result result = compiler.run(List.of(program.toString(), Long.toString(SEED)));

    List<String> lines = result.output().lines().toList();
    String seed = "seed " + SEED + " (-Dremora.test.seed)";
    assertThat(result.exitCode()).as("%s%n%s", seed, result.output()).isZero();
    assertThat(lines.subList(0, lines.size() - 1))
        .as(seed)
        .containsExactlyElementsOf(cases.expected());
    assertThat(lines.get(lines.size() - 1)).as(seed).matches("refused [1-9][0-9]{3,}");
  }
}
