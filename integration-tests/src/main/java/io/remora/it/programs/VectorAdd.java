// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** The sum of two vectors ({@code vector_add.cu}). */
public final class VectorAdd implements DeviceProgram {
  private static final int BLOCK = 256;

  private final int count;

  /** 200,003 elements: not a multiple of the block. */
  public VectorAdd() {
    this(200_003);
  }

  /**
   * @param count elements of each vector, at least 1
   */
  public VectorAdd(int count) {
    this.count = count;
  }

  @Override
  public String name() {
    return "vector_add";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Inputs inputs = new Inputs(1);
    float[] a = inputs.floats(count, -100, 100);
    float[] b = inputs.floats(count, -100, 100);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Function function = workspace.load("vector_add").function("vectorAdd");
      long sum = workspace.zeros(count);
      gpu.launch(
          function,
          Gpu.Extent.covering(count, BLOCK),
          Gpu.Extent.of(BLOCK),
          0,
          workspace.upload(a),
          workspace.upload(b),
          sum,
          count);
      return compare(a, b, workspace.downloadFloats(sum, count));
    }
  }

  private ProgramResult compare(float[] a, float[] b, float[] sum) {
    Comparison comparison = new Comparison();
    for (int i = 0; i < count; i++) {
      comparison.checkRelative(sum[i], (double) a[i] + b[i]);
    }
    return comparison.result(name(), 0x1p-24, "relative: one rounding");
  }
}
