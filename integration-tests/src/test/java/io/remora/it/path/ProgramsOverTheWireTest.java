// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.RemoteCuda;
import io.remora.it.process.ServerProcess;
import io.remora.it.programs.DeviceProgram;
import io.remora.it.programs.ProgramResult;
import io.remora.it.remote.RemoteGpu;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every device program gives the reference's results on another process's device, over TLS. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProgramsOverTheWireTest {
  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) {
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  static Stream<DeviceProgram> programs() {
    return DeviceProgram.suite().stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("programs")
  void isRight(DeviceProgram program) throws Exception {
    try (RemoteCuda cuda = RemoteCuda.connect(server.settings())) {
      ProgramResult result = program.run(new RemoteGpu(cuda, 0));
      assertThat(result.passed()).as(result.toString()).isTrue();
    }
  }
}
