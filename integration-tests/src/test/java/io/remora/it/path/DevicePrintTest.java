// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.ConnectionSettings;
import io.remora.it.process.ServerProcess;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What kernels print comes out where the program runs, before its synchronisation returns. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DevicePrintTest {
  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) {
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private ConnectionSettings settings(Consumer<byte[]> output) {
    return server.settings().withDeviceOutput(output);
  }

  private static String text(ByteArrayOutputStream output) {
    return output.toString(StandardCharsets.UTF_8);
  }

  @Test
  void everyLineOfEachSessionArrivesWholeInTheOrderOfItsStreamAndAtNobodyElses() throws Exception {
    var first = new ByteArrayOutputStream();
    var second = new ByteArrayOutputStream();
    try (TestSession one = new TestSession(settings(first::writeBytes));
        TestSession two = new TestSession(settings(second::writeBytes))) {
      CUfunction greet = one.function("printing", "greet");
      for (int round = 0; round < 50; round++) {
        one.expectSuccess(one.launch(greet, 2, 3, null, TestSession.parameter(round)));
      }
      one.expectSuccess(one.cuda().cuCtxSynchronize());
      List<String> lines = text(first).lines().toList();
      assertThat(lines).hasSize(300).doesNotHaveDuplicates();
      for (int i = 0; i < lines.size(); i++) {
        assertThat(lines.get(i)).matches("round " + i / 6 + ", block [01], thread [012]");
      }
      two.expectSuccess(two.cuda().cuCtxSynchronize());
      assertThat(text(second)).isEmpty();
    }
  }

  @Test
  void conversionsGiveWhatTheCLibraryPrints() throws Exception {
    var printed = new ByteArrayOutputStream();
    try (TestSession session = new TestSession(settings(printed::writeBytes))) {
      CUfunction formats = session.function("printing", "formats");
      session.expectSuccess(session.launchOne(formats, null, Pointer.to(new double[] {0})));
      session.expectSuccess(session.cuda().cuCtxSynchronize());
    }
    assertThat(text(printed))
        .isEqualTo(
            """
            -42 7 4000000000 beef BEEF 10 x %
            [   42] [42   ] [00042] [+42] [ 42] [007] [   9]
            -5000000000 18446744073709551615 10000000000 3
            1.500000 2.35    3.142 2.5     | 1.234568e+04 0.0001 1e+10 100000 1E-10
            text [   right] [left    ] [cu]
            0xff 010 0x1234
            inf -inf -0.000000     2|
            no newline, then one: grüß
            """);
  }

  @Test
  void aFloodArrivesInOrderAndWhatIsLostIsWholeLines() throws Exception {
    var printed = new ByteArrayOutputStream();
    int count = 100_000;
    try (TestSession session = new TestSession(settings(printed::writeBytes))) {
      CUfunction flood = session.function("printing", "flood");
      session.expectSuccess(session.launchOne(flood, null, TestSession.parameter(count)));
      session.expectSuccess(session.cuda().cuCtxSynchronize());
    }
    int before = -1;
    for (String line : text(printed).lines().toList()) {
      assertThat(line).matches("line [0-9]+ of a flood that is longer than the buffer takes");
      int number = Integer.parseInt(line.split(" ")[1]);
      assertThat(number).isGreaterThan(before);
      before = number;
    }
    assertThat(before).as("the newest line is never lost").isEqualTo(count - 1);
  }
}
