// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Programs whose kernels were fenced compute what they computed before. */
final class FencedProgramsTest {
  /** They allocate in kernels, and fenced kernels find their heap full. */
  private static final Set<String> WITH_HEAP = Set.of("calls.virtualFunctions", "calls.lists");

  private final EngineGpu gpu = EngineGpu.fenced();

  @AfterEach
  void close() {
    gpu.close();
  }

  static Stream<DeviceProgram> programs() {
    return DeviceProgram.suite().stream().filter(program -> !WITH_HEAP.contains(program.name()));
  }

  @ParameterizedTest
  @MethodSource("programs")
  void everyProgramGivesTheReferencesResult(DeviceProgram program) {
    ProgramResult result = program.run(gpu);
    assertThat(result.passed()).as(result.toString()).isTrue();
    assertThat(gpu.allocatedBytes()).isZero();
  }

  @Test
  void kernelsFindTheirHeapFull() {
    assertThat(
            DeviceProgram.suite().stream()
                .filter(program -> program.name().equals("calls.lists"))
                .map(program -> program.run(gpu).passed()))
        .containsExactly(false);
  }
}
