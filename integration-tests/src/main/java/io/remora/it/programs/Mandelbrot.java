// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** Escape times of the Mandelbrot set ({@code mandelbrot.cu}). */
public final class Mandelbrot implements DeviceProgram {
  private static final int BLOCK = 16;
  private static final double LEFT = -2.25;
  private static final double TOP = 1.2;

  /** The kernel's number type. */
  public enum Precision {
    /** 32 bits. */
    FLOAT("mandelbrot_float", "mandelbrotFloat", 0.02),
    /** 64 bits. */
    DOUBLE("mandelbrot_double", "mandelbrotDouble", 0.002);

    private final String program;
    private final String kernel;
    private final double tolerance;

    Precision(String program, String kernel, double tolerance) {
      this.program = program;
      this.kernel = kernel;
      this.tolerance = tolerance;
    }
  }

  private final Precision precision;
  private final int width;
  private final int height;
  private final int stepsMax;

  /** 240 by 180 points, 100 steps at most. */
  public Mandelbrot(Precision precision) {
    this(precision, 240, 180, 100);
  }

  /**
   * @param width points in a row, at least 1
   * @param height rows, at least 1
   * @param stepsMax steps after which a point counts as inside, at least 1
   */
  public Mandelbrot(Precision precision, int width, int height, int stepsMax) {
    this.precision = precision;
    this.width = width;
    this.height = height;
    this.stepsMax = stepsMax;
  }

  @Override
  public String name() {
    return precision.program;
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    int[] steps = compute(gpu);
    double pixel = pixel();
    int different = 0;
    for (int row = 0; row < height; row++) {
      for (int column = 0; column < width; column++) {
        int expected = escapeSteps(LEFT + column * pixel, TOP - row * pixel);
        different += steps[row * width + column] == expected ? 0 : 1;
      }
    }
    return new ProgramResult(
        name(),
        (long) width * height,
        different / (double) (width * height),
        precision.tolerance,
        "share of points that differ: orbits near the edge amplify rounding");
  }

  /** The steps of all points, row by row, as the device computes them. */
  public int[] compute(Gpu gpu) {
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Function function = workspace.load("mandelbrot").function(precision.kernel);
      long steps = workspace.zeros(width * height);
      gpu.launch(
          function,
          Gpu.Extent.covering(width, height, BLOCK),
          Gpu.Extent.of(BLOCK, BLOCK),
          0,
          steps,
          width,
          height,
          real(LEFT),
          real(TOP),
          real(pixel()),
          stepsMax);
      return workspace.downloadInts(steps, width * height);
    }
  }

  private double pixel() {
    // A float holds it exactly enough that both kernels see the same points.
    return (float) (3.0 / width);
  }

  private Number real(double value) {
    if (precision == Precision.FLOAT) {
      return (float) value;
    }
    return value;
  }

  private int escapeSteps(double x, double y) {
    double u = 0;
    double v = 0;
    int steps = 0;
    while (steps < stepsMax && u * u + v * v <= 4) {
      double next = u * u - v * v + x;
      v = 2 * u * v + y;
      u = next;
      steps++;
    }
    return steps;
  }
}
