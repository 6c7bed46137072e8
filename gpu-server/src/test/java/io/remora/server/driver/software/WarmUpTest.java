// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.List;
import org.junit.jupiter.api.Test;

final class WarmUpTest {
  @Test
  void itsKernelCompilesAndRuns() {
    assertThatCode(WarmUp::compileAndRun).doesNotThrowAnyException();
  }

  @Test
  void aDriverWarmsUpOnAThreadForWhichItsEndWaits() {
    try (var driver = new SoftwareDriver(new SoftwareDeviceConfig(1, 1 << 20, 1, 121, "test"))) {
      driver.warmUp();
      assertThat(warmUpThreads()).hasSize(1);
    }
    assertThat(warmUpThreads()).isEmpty();
  }

  private static List<Thread> warmUpThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(each -> each.getName().equals("software-warm-up"))
        .toList();
  }
}
