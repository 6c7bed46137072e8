// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** Some steps of an N-body system against the same steps in double precision ({@code nbody.cu}). */
public final class NBodyProgram implements DeviceProgram {
  private final int count;
  private final int steps;

  /** 500 bodies, 10 steps. */
  public NBodyProgram() {
    this(500, 10);
  }

  /**
   * @param count bodies, at least 4
   * @param steps steps; the tolerance holds for up to 50
   */
  public NBodyProgram(int count, int steps) {
    this.count = count;
    this.steps = steps;
  }

  @Override
  public String name() {
    return "nbody";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    NBodyState initial = NBodyState.collidingGalaxies(count, 10);
    NBodyReference reference = new NBodyReference(initial, NBody.SOFTENING);
    reference.step(steps, NBody.STEP_SECONDS);
    NBodyState state;
    try (NBody bodies = new NBody(gpu, initial)) {
      bodies.step(steps);
      state = bodies.state();
    }
    Comparison comparison = new Comparison();
    for (int body = 0; body < count; body++) {
      for (int axis = 0; axis < 3; axis++) {
        comparison.check(state.positions()[4 * body + axis], reference.position(body, axis), 1);
      }
    }
    double energy = new NBodyReference(state, NBody.SOFTENING).energy();
    comparison.checkRelative(energy, reference.energy());
    return comparison.result(
        name(), 5e-5, "relative to the system's size: rounding grows along each orbit; energy too");
  }
}
