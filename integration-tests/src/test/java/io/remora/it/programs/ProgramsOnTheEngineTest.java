// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ProgramsOnTheEngineTest {
  private final EngineGpu gpu = new EngineGpu();

  @AfterEach
  void close() {
    gpu.close();
  }

  static List<DeviceProgram> programs() {
    return DeviceProgram.suite();
  }

  @ParameterizedTest
  @MethodSource("programs")
  void everyProgramGivesTheReferencesResultAndFreesItsMemory(DeviceProgram program) {
    ProgramResult result = program.run(gpu);
    System.out.println(result);
    assertThat(result.passed()).as(result.toString()).isTrue();
    assertThat(gpu.allocatedBytes()).isZero();
  }

  @Test
  void anNBodySystemKeepsItsEnergyAndEachStepIsRight() {
    NBodyState initial = NBodyState.collidingGalaxies(300, 7);
    double before = new NBodyReference(initial, NBody.SOFTENING).energy();
    try (NBody bodies = new NBody(gpu, initial)) {
      bodies.step(60);
      ProgramResult step = bodies.checkedStep(50);
      assertThat(step.passed()).as(step.toString()).isTrue();
      double after = new NBodyReference(bodies.state(), NBody.SOFTENING).energy();
      assertThat(Math.abs(after - before)).isLessThan(0.02 * Math.abs(before));
    }
  }
}
