// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/**
 * An N-body system that lives on a device and can be advanced again and again ({@code nbody.cu}).
 * One thread; {@link #close} frees the device memory.
 */
public final class NBody implements AutoCloseable {
  /** Length below which attraction levels off. */
  public static final float SOFTENING = 0.06f;

  /** A step that keeps orbits of {@link NBodyState#collidingGalaxies} stable. */
  public static final float STEP_SECONDS = 0.008f;

  private static final int BLOCK = 128;

  private final Gpu gpu;
  private final Workspace workspace;
  private final Gpu.Function accelerate;
  private final Gpu.Function move;
  private final int count;
  private final long positions;
  private final long velocities;

  /** Puts the bodies on the device. */
  public NBody(Gpu gpu, NBodyState initial) {
    this.gpu = gpu;
    this.workspace = new Workspace(gpu);
    Gpu.Module module = workspace.load("nbody");
    this.accelerate = module.function("accelerate");
    this.move = module.function("move");
    this.count = initial.count();
    this.positions = workspace.upload(initial.positions());
    this.velocities = workspace.upload(initial.velocities());
  }

  /** Launches so many steps, two kernels each; doesn't wait for them. */
  public void step(int steps) {
    Gpu.Extent blocks = Gpu.Extent.covering(count, BLOCK);
    Gpu.Extent block = Gpu.Extent.of(BLOCK);
    float softeningSquared = SOFTENING * SOFTENING;
    for (int i = 0; i < steps; i++) {
      gpu.launch(
          accelerate,
          blocks,
          block,
          0,
          positions,
          velocities,
          count,
          softeningSquared,
          STEP_SECONDS);
      gpu.launch(move, blocks, block, 0, positions, velocities, count, STEP_SECONDS);
    }
  }

  /** Waits for all steps and copies the bodies from the device. */
  public NBodyState state() {
    return new NBodyState(
        workspace.downloadFloats(positions, 4 * count),
        workspace.downloadFloats(velocities, 4 * count));
  }

  /** How many pairs one step looks at. */
  public long interactionsPerStep() {
    return (long) count * count;
  }

  /**
   * Takes one more step and compares a sample of the bodies with the same step in double precision
   * on the host. Cheap enough for any number of bodies.
   *
   * @param sampleSize how many bodies to compare, at most
   */
  public ProgramResult checkedStep(int sampleSize) {
    NBodyReference before = new NBodyReference(state(), SOFTENING);
    step(1);
    float[] after = state().positions();
    Comparison comparison = new Comparison();
    int stride = Math.max(1, count / Math.max(1, sampleSize));
    for (int body = 0; body < count; body += stride) {
      double[] expected = before.positionAfterStep(body, STEP_SECONDS);
      for (int axis = 0; axis < 3; axis++) {
        comparison.check(after[4 * body + axis], expected[axis], 1 + Math.abs(expected[axis]));
      }
    }
    return comparison.result(
        "nbody", 2e-6, "relative to the system's size: one step in single precision");
  }

  @Override
  public void close() {
    workspace.close();
  }
}
