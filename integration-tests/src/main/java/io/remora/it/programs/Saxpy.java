// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** {@code y = a * x + y} in a loop over the grid ({@code saxpy.cu}). */
public final class Saxpy implements DeviceProgram {
  private static final float FACTOR = 2.5f;

  private final int count;

  /** 300,001 elements, several for each thread. */
  public Saxpy() {
    this(300_001);
  }

  /**
   * @param count elements of each vector, at least 1
   */
  public Saxpy(int count) {
    this.count = count;
  }

  @Override
  public String name() {
    return "saxpy";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Inputs inputs = new Inputs(2);
    float[] x = inputs.floats(count, -10, 10);
    float[] y = inputs.floats(count, -10, 10);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Function function = workspace.load("saxpy").function("saxpy");
      long deviceY = workspace.upload(y);
      Number[] arguments = {FACTOR, workspace.upload(x), deviceY, count};
      gpu.launch(function, Gpu.Extent.of(64), Gpu.Extent.of(192), 0, arguments);
      return compare(x, y, workspace.downloadFloats(deviceY, count));
    }
  }

  private ProgramResult compare(float[] x, float[] y, float[] result) {
    Comparison comparison = new Comparison();
    for (int i = 0; i < count; i++) {
      double product = (double) FACTOR * x[i];
      comparison.check(result[i], product + y[i], Math.abs(product) + Math.abs(y[i]));
    }
    return comparison.result(
        name(), 0x1p-23, "relative to the summands: at most two roundings, one if fused");
  }
}
