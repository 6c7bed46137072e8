// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;

final class WarmUpTest {
  @Test
  void itsKernelCompilesAndRuns() {
    assertThatCode(WarmUp::compileAndRun).doesNotThrowAnyException();
  }
}
