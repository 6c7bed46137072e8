// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.command.RemoraCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class DemoCommandTest {
  private static final Pattern SERVER_PROCESS = Pattern.compile("process (\\d+) on ");

  @TempDir private Path folder;

  @Test
  void theDemoPassesAndDrawsItsPictureAndLeavesNoServerBehind() throws IOException {
    Path picture = folder.resolve("pictures/nbody.png");
    StringWriter out = new StringWriter();
    int status =
        new CommandLine(new DemoCommand())
            .setOut(new PrintWriter(out))
            .execute("--seconds", "1", "--bodies", "256", "--picture", picture.toString());
    assertThat(out.toString().strip().lines().reduce((first, last) -> last)).contains("PASS");
    assertThat(status).isEqualTo(RemoraCommand.OK);
    assertThat(out.toString()).contains("alice").contains("75.0 %").doesNotContain("✗");
    assertThat(ImageIO.read(picture.toFile()).getWidth()).isEqualTo(1600);
    assertThat(Files.size(picture)).isGreaterThan(10_000);
    Matcher server = SERVER_PROCESS.matcher(out.toString());
    assertThat(server.find()).isTrue();
    assertThat(ProcessHandle.of(Long.parseLong(server.group(1))).filter(ProcessHandle::isAlive))
        .isEmpty();
  }

  @Test
  void sizesOutsideTheirRangeAreRefusedBeforeAnythingStarts() {
    StringWriter err = new StringWriter();
    int status =
        new CommandLine(new DemoCommand())
            .setErr(new PrintWriter(err))
            .setExecutionExceptionHandler(
                (failure, line, parsed) -> {
                  err.write(String.valueOf(failure.getMessage()));
                  return RemoraCommand.USAGE;
                })
            .execute("--seconds", "0");
    assertThat(status).isEqualTo(RemoraCommand.USAGE);
    assertThat(err.toString()).contains("--seconds is 1 to 600");
  }
}
