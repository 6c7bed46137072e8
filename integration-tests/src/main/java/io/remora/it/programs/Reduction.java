// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** A sum, a maximum and a count by shuffles, votes and atomics ({@code reduction.cu}). */
public final class Reduction implements DeviceProgram {
  private static final int BLOCK = 256;
  private static final int BLOCKS = 40;
  private static final float THRESHOLD = 0.25f;

  private final int count;

  /** 250,007 elements. */
  public Reduction() {
    this(250_007);
  }

  /**
   * @param count elements, at least 1
   */
  public Reduction(int count) {
    this.count = count;
  }

  @Override
  public String name() {
    return "reduction";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Inputs inputs = new Inputs(5);
    float[] values = inputs.floats(count, -1, 1);
    int[] integers = inputs.ints(count, -1_000_000, 1_000_000);
    Comparison comparison = new Comparison();
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load("reduction");
      long deviceValues = workspace.upload(values);
      Gpu.Extent blocks = Gpu.Extent.of(BLOCKS);
      Gpu.Extent block = Gpu.Extent.of(BLOCK);

      long sum = workspace.zeros(1);
      gpu.launch(module.function("reduceSum"), blocks, block, 0, deviceValues, sum, count);
      checkSum(comparison, values, workspace.downloadFloats(sum, 1)[0]);

      long greatest = workspace.upload(Integer.MIN_VALUE);
      long deviceIntegers = workspace.upload(integers);
      gpu.launch(module.function("reduceMax"), blocks, block, 0, deviceIntegers, greatest, count);
      checkMax(comparison, integers, workspace.downloadInts(greatest, 1)[0]);

      long total = workspace.zeros(1);
      Number[] arguments = {deviceValues, THRESHOLD, total, count};
      gpu.launch(
          module.function("countAbove"), Gpu.Extent.covering(count, BLOCK), block, 0, arguments);
      checkCount(comparison, values, workspace.downloadInts(total, 1)[0]);
    }
    // Each element passes through its thread's sum, ten shuffles and one addition per block.
    double depth = count / (double) (BLOCKS * BLOCK) + 10 + BLOCKS;
    return comparison.result(
        name(), depth * 0x1p-24, "relative to the terms: one rounding per level; counts equal");
  }

  private static void checkSum(Comparison comparison, float[] values, float actual) {
    double sum = 0;
    double magnitude = 0;
    for (float value : values) {
      sum += value;
      magnitude += Math.abs(value);
    }
    comparison.check(actual, sum, magnitude);
  }

  private static void checkMax(Comparison comparison, int[] values, int actual) {
    int greatest = Integer.MIN_VALUE;
    for (int value : values) {
      greatest = Math.max(greatest, value);
    }
    comparison.checkExact(actual, greatest);
  }

  private static void checkCount(Comparison comparison, float[] values, int actual) {
    int above = 0;
    for (float value : values) {
      above += value > THRESHOLD ? 1 : 0;
    }
    comparison.checkExact(actual, above);
  }
}
