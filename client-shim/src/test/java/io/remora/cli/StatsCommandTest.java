// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class StatsCommandTest {
  @TempDir private Path folder;

  private String printed(String across) throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("stats"), "process 7 app\nlocal_calls 1\n" + across + "end\n");
    StringWriter text = new StringWriter();
    CommandLine command = new CommandLine(new StatsCommand()).setOut(new PrintWriter(text));
    assertThat(command.execute(file.toString())).isZero();
    return text.toString();
  }

  @Test
  void copiesBetweenServersAreCountedWithWhatTheyWentThrough() throws IOException {
    String text =
        printed(
            """
            servers 2
            direct_copies 3
            direct_bytes 3145728
            bridged_copies 3
            bridged_bytes 2097152
            bridged_small 1
            bridged_unreachable 2
            """);
    assertThat(text)
        .containsPattern("copied between servers +3 MiB in 3 copies")
        .containsPattern("copied between servers, through the client +2 MiB in 3 copies")
        .containsPattern("so small that it doesn't matter +1\n")
        .containsPattern("one server doesn't reach the other +2\n")
        .contains("Copies went through the client: members must reach each other");
  }

  @Test
  void smallCopiesNeedNoAdviceAndOneServerNoLine() throws IOException {
    assertThat(printed("servers 2\nbridged_copies 1\nbridged_bytes 4\nbridged_small 1\n"))
        .contains("through the client")
        .doesNotContain("Copies went");
    assertThat(printed("")).doesNotContain("between servers");
  }
}
