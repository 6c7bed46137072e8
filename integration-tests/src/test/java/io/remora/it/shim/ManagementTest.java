// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The management library beside the driver library in one process. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ManagementTest {
  @Test
  void managementLibraryAgreesWithTheDriverLibrary(@TempDir Path folder) throws Exception {
    ShimBuild build = ShimBuild.product(folder);
    Path program = build.program("management");
    try (ServerProcess server = ServerProcess.start(folder, List.of(), List.of())) {
      assertThat(ShimProcess.run(build.command(server, program))).containsExactly("agreed");
    }
  }
}
