// SPDX-License-Identifier: Apache-2.0
package io.remora.it.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench native}: that it runs and prints what it is for; not how fast anything is. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BenchNativeTest {
  @TempDir private Path folder;

  @Test
  void ratiosToTheFloorArePrinted() throws Exception {
    Launcher launcher = new Launcher(folder);
    ProcessBuilder command =
        launcher.remora(
            "bench", "native", "--rounds", "1", "--warm-ups", "0", "--size", "1", "--tls", "off");
    try (Running running = Running.start(command)) {
      List<String> lines = running.rest();
      assertThat(running.status()).as(running.errorText()).isZero();
      // The dashes are characters of more than one byte, which the launcher's lines are read as.
      String spread = "[\\d.]+ \\([\\d.]+[^\\d.]+[\\d.]+\\)";
      assertThat(lines)
          .anyMatch(line -> line.equals("TLS off, 1 rounds:"))
          .anyMatch(
              line ->
                  line.matches(
                      "\\| waiting call \\(cuMemGetInfo\\) \\| "
                          + spread
                          + " us \\| "
                          + spread
                          + " us \\| "
                          + spread
                          + " \\|"))
          .anyMatch(
              line ->
                  line.matches("\\| launches done \\| " + spread + " /s \\| [^|]+ \\| [^|]+ \\|"))
          .anyMatch(
              line ->
                  line.matches(
                      "\\| copy up, pageable, 1048576 bytes \\| .* MiB/s \\| .* MiB/s \\| "
                          + spread
                          + " \\|"));
    }
  }
}
