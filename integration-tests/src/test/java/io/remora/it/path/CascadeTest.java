// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.RemoteCuda;
import io.remora.it.process.ServerProcess;
import io.remora.it.programs.DeviceProgram;
import io.remora.it.programs.ProgramResult;
import io.remora.it.remote.RemoteGpu;
import io.remora.server.tenant.Isolation;
import io.remora.server.tenant.LocalTenant;
import io.remora.server.tenant.TenantsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every device program gives the reference's results through two servers: one whose driver library
 * is Remora's own client, and the one that this is connected to, with the software device.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CascadeTest {
  private static final Path CLIENT_LIBRARY =
      Path.of("..", "client-shim", "target", "native").toAbsolutePath().normalize();

  private ServerProcess software;
  private ServerProcess guarded;
  private ServerProcess shared;

  @BeforeAll
  void startServers(@TempDir Path folder) throws IOException {
    software = ServerProcess.start(folder.resolve("software"), List.of(), List.of());
    guarded = cascade(folder.resolve("guarded"), Isolation.GUARDED);
    shared = cascade(folder.resolve("shared"), Isolation.SHARED);
  }

  private ServerProcess cascade(Path folder, Isolation isolation) throws IOException {
    LocalTenant local =
        LocalTenant.ensure(folder.resolve("state"), InstantSource.system(), new SecureRandom());
    var unused =
        TenantsFile.update(
            local.tenants(),
            tenants -> tenants.stream().map(each -> each.withIsolation(isolation)).toList());
    return ServerProcess.start(
        folder,
        List.of(),
        List.of("--device", "cuda"),
        Map.of(
            "LD_LIBRARY_PATH",
            CLIENT_LIBRARY.toString(),
            "REMORA_STATE_DIR",
            software.stateDirectory().toString()));
  }

  @AfterAll
  void stopServers() {
    shared.close();
    guarded.close();
    software.close();
  }

  static Stream<DeviceProgram> programs() {
    return Stream.concat(DeviceProgram.all().stream(), DeviceProgram.features().stream());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("programs")
  void isRightWithKernelsThatAreFenced(DeviceProgram program) throws Exception {
    runs(program, guarded);
  }

  static Stream<DeviceProgram> features() {
    return DeviceProgram.features().stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("features")
  void isRightWithKernelsAsTheyAre(DeviceProgram program) throws Exception {
    runs(program, shared);
  }

  private static void runs(DeviceProgram program, ServerProcess server) throws Exception {
    try (RemoteCuda remote = RemoteCuda.connect(server.settings())) {
      ProgramResult result = program.run(new RemoteGpu(remote, 0));
      assertThat(result.passed()).as(result.toString()).isTrue();
    }
  }
}
