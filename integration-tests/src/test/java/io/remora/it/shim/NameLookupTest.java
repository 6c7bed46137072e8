// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The C client where names have no addresses. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NameLookupTest {
  @TempDir private Path folder;

  @Test
  void nameServerThatNeverAnswersIsGivenUp() throws Exception {
    ShimBuild build = ShimBuild.product(folder);
    ProcessBuilder command = build.command(build.program("silent_names"));
    command.environment().put("REMORA_SERVER", "gpu.example.org:7443");
    try (ShimProcess process = ShimProcess.start(command)) {
      process.awaitEnd();

      assertThat(process.status()).as(process.errorText()).isZero();
      assertThat(process.errorText().lines().toList())
          .singleElement()
          .asString()
          .contains("gpu.example.org:7443", "the name server doesn't answer", "REMORA_SERVER");
    }
  }
}
