// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Programs whose kernels were fenced compute what they computed before. */
final class FencedProgramsTest {
  /** What docs/security.md says can't be fenced. */
  static final Set<String> REFUSED = Set.of();

  private final EngineGpu gpu = EngineGpu.fenced();

  @AfterEach
  void close() {
    gpu.close();
  }

  static List<DeviceProgram> programs() {
    return DeviceProgram.suite();
  }

  @ParameterizedTest
  @MethodSource("programs")
  void everyProgramGivesTheReferencesResultOrIsRefused(DeviceProgram program) {
    if (REFUSED.contains(program.name())) {
      assertThatThrownBy(() -> program.run(gpu)).hasMessageContaining("not supported");
      return;
    }
    ProgramResult result = program.run(gpu);
    assertThat(result.passed()).as(result.toString()).isTrue();
    assertThat(gpu.allocatedBytes()).isZero();
  }
}
