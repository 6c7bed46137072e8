// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.nio.ByteBuffer;

/** A 2-D convolution with its filter in constant memory ({@code convolution.cu}). */
public final class Convolution implements DeviceProgram {
  private static final int BLOCK = 16;
  private static final int RADIUS = 2;
  private static final int DIAMETER = 2 * RADIUS + 1;

  private final int width;
  private final int height;

  /** 211 by 157 pixels. */
  public Convolution() {
    this(211, 157);
  }

  /**
   * @param width pixels in a row, at least 1
   * @param height rows, at least 1
   */
  public Convolution(int width, int height) {
    this.width = width;
    this.height = height;
  }

  @Override
  public String name() {
    return "convolution";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Inputs inputs = new Inputs(9);
    float[] image = inputs.floats(width * height, 0, 1);
    float[] weights = inputs.floats(DIAMETER * DIAMETER, -1, 1);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load("convolution");
      ByteBuffer bytes = Workspace.buffer(4L * weights.length);
      bytes.asFloatBuffer().put(weights);
      gpu.upload(module.global("filterWeights"), bytes);
      long result = workspace.zeros(width * height);
      gpu.launch(
          module.function("convolve"),
          Gpu.Extent.covering(width, height, BLOCK),
          Gpu.Extent.of(BLOCK, BLOCK),
          0,
          workspace.upload(image),
          result,
          width,
          height);
      return compare(image, weights, workspace.downloadFloats(result, width * height));
    }
  }

  private ProgramResult compare(float[] image, float[] weights, float[] actual) {
    Comparison comparison = new Comparison();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        check(comparison, image, weights, x, y, actual[y * width + x]);
      }
    }
    return comparison.result(
        name(),
        (DIAMETER * DIAMETER + 1) * 0x1p-24,
        "relative to the terms: one rounding for each");
  }

  private void check(
      Comparison comparison, float[] image, float[] weights, int x, int y, float actual) {
    double sum = 0;
    double magnitude = 0;
    for (int k = 0; k < weights.length; k++) {
      int column = Math.min(Math.max(x + k % DIAMETER - RADIUS, 0), width - 1);
      int row = Math.min(Math.max(y + k / DIAMETER - RADIUS, 0), height - 1);
      double term = (double) weights[k] * image[row * width + column];
      sum += term;
      magnitude += Math.abs(term);
    }
    comparison.check(actual, sum, magnitude);
  }
}
