// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.remora.it.process.JavaProcess;
import io.remora.it.process.ServerProcess;
import io.remora.it.programs.DeviceProgram;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** JCuda with the native library that its authors compiled. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class JCudaNativesTest {
  private static final Path LIBRARY =
      Path.of("..", "client-shim", "target", "native").toAbsolutePath().normalize();
  private static final Path PTX = Path.of("src", "main", "cuda", "vector_add.ptx").toAbsolutePath();

  @TempDir private Path folder;

  @Test
  void programOfJCudaRunsAsItIs() {
    run(JCudaProgram.class, List.of(PTX.toString()), "PASS");
  }

  @Test
  void everyDeviceProgramIsRightThroughTheCClient() {
    int all = DeviceProgram.suite().size();
    assertThat(all).isGreaterThan(60);
    run(JCudaGpu.class, List.of(), "right: " + all + " of " + all);
  }

  private void run(Class<?> main, List<String> arguments, String last) {
    assumeTrue(
        System.getProperty("os.arch").equals("amd64"),
        "JCudaNativesTest is skipped: JCuda has natives for x86_64 only");
    try (ServerProcess server = ServerProcess.start(folder, List.of(), List.of())) {
      Map<String, String> environment =
          Map.of(
              "REMORA_STATE_DIR",
              server.stateDirectory().toString(),
              "LD_LIBRARY_PATH",
              LIBRARY.toString());
      try (JavaProcess program =
          JavaProcess.start(
              List.of("-Djava.io.tmpdir=" + folder),
              main.getName(),
              arguments,
              environment,
              folder.resolve("program.log"))) {
        assertThat(program.awaitLine(last.split(" ", 2)[0], Duration.ofSeconds(60))).contains(last);
        assertThat(program.awaitExit()).as(program.errorText()).isZero();
      }
    }
  }
}
