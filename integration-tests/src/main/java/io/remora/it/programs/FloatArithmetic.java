// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.math.BigDecimal;

/**
 * Operations on floats, doubles and halves ({@code arithmetic.cu}). What IEEE 754 defines must be
 * equal; library functions may err by the units in the last place that the CUDA manual allows.
 */
public final class FloatArithmetic implements DeviceProgram {
  private static final int COUNT = 2000;
  private static final int BLOCK = 64;
  private static final int FLOAT_RESULTS = 32;
  private static final int DOUBLE_RESULTS = 16;
  private static final int HALF_RESULTS = 12;

  /** Units in the last place that library functions may err by. */
  private static final double LIBRARY_ULPS = 4;

  @Override
  public String name() {
    return "float_arithmetic";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Comparison comparison = new Comparison();
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load("arithmetic");
      runFloats(gpu, workspace, module.function("floatOperations"), comparison);
      runDoubles(gpu, workspace, module.function("doubleOperations"), comparison);
      runHalves(gpu, workspace, module.function("halfOperations"), comparison);
    }
    return comparison.result(
        name(), LIBRARY_ULPS, "units in the last place: library functions; else equal");
  }

  private static void runFloats(
      Gpu gpu, Workspace workspace, Gpu.Function function, Comparison comparison) {
    Inputs inputs = new Inputs(13);
    float[] a = inputs.floats(COUNT, -20, 20);
    float[] b = inputs.floats(COUNT, -20, 20);
    float[] c = inputs.floats(COUNT, -400, 400);
    long results = workspace.zeros(COUNT * FLOAT_RESULTS);
    Number[] arguments = {
      workspace.upload(a), workspace.upload(b), workspace.upload(c), results, COUNT
    };
    gpu.launch(function, Gpu.Extent.covering(COUNT, BLOCK), Gpu.Extent.of(BLOCK), 0, arguments);
    float[] actual = workspace.downloadFloats(results, COUNT * FLOAT_RESULTS);
    for (int i = 0; i < COUNT; i++) {
      double[] expected = expectedFloats(a[i], b[i], c[i]);
      for (int k = 0; k < FLOAT_RESULTS; k++) {
        float value = actual[i * FLOAT_RESULTS + k];
        // From slot 24 on library functions; the others are exact, so that any error is too large.
        double scale = k >= 24 ? Math.ulp((float) expected[k]) : 0;
        comparison.checkSlot(200 + k, value, expected[k], scale);
      }
    }
  }

  private static double[] expectedFloats(float a, float b, float c) {
    double x = a;
    double y = b;
    float magnitude = Math.abs(a);
    BigDecimal fused = exact(a).multiply(exact(b)).add(exact(c));
    return new double[] {
      towardsZero(exact(a).add(exact(b))),
      up(exact(a).add(exact(b))),
      down(exact(a).multiply(exact(b))),
      Math.fma(a, b, c),
      down(fused),
      a / b,
      // A quotient of floats is never so near to a float that the double would hide the side.
      towardsZero(exact(x / y)),
      (float) Math.sqrt(magnitude),
      up(exact(Math.sqrt(magnitude))),
      1 / a,
      Math.min(a, b),
      Math.max(a, b),
      Math.rint(a),
      Math.floor(a),
      Math.ceil(a),
      a < 0 ? Math.ceil(a) : Math.floor(a),
      Math.rint(a) + 0.0,
      (int) a,
      Math.ceil(magnitude),
      towardsZero(BigDecimal.valueOf(Float.floatToRawIntBits(a))),
      Math.copySign(a, b),
      Math.max(0, Math.min(1, a)),
      a < b ? 1 : 3,
      a % 3,
      Math.sin(x),
      Math.cos(x),
      Math.exp(x * 0.25),
      Math.log(magnitude),
      Math.pow(magnitude, 0.3f),
      Math.tanh(x),
      1 / Math.sqrt(magnitude),
      Math.cbrt(x)
    };
  }

  private static BigDecimal exact(double value) {
    return new BigDecimal(value);
  }

  private static float down(BigDecimal value) {
    float nearest = (float) value.doubleValue();
    return exact(nearest).compareTo(value) > 0 ? Math.nextDown(nearest) : nearest;
  }

  private static float up(BigDecimal value) {
    float nearest = (float) value.doubleValue();
    return exact(nearest).compareTo(value) < 0 ? Math.nextUp(nearest) : nearest;
  }

  private static float towardsZero(BigDecimal value) {
    return value.signum() < 0 ? up(value) : down(value);
  }

  private static void runDoubles(
      Gpu gpu, Workspace workspace, Gpu.Function function, Comparison comparison) {
    Inputs inputs = new Inputs(14);
    double[] a = inputs.doubles(COUNT, -20, 20);
    double[] b = inputs.doubles(COUNT, -20, 20);
    long results = workspace.zeros(2 * COUNT * DOUBLE_RESULTS);
    Number[] arguments = {workspace.upload(a), workspace.upload(b), results, COUNT};
    gpu.launch(function, Gpu.Extent.covering(COUNT, BLOCK), Gpu.Extent.of(BLOCK), 0, arguments);
    double[] actual = workspace.downloadDoubles(results, COUNT * DOUBLE_RESULTS);
    for (int i = 0; i < COUNT; i++) {
      double[] expected = expectedDoubles(a[i], b[i]);
      for (int k = 0; k < DOUBLE_RESULTS; k++) {
        boolean library = k >= 10 && k != 14;
        double scale = library ? Math.ulp(expected[k]) : 0;
        comparison.checkSlot(300 + k, actual[i * DOUBLE_RESULTS + k], expected[k], scale);
      }
    }
  }

  private static double[] expectedDoubles(double a, double b) {
    double magnitude = Math.abs(a);
    BigDecimal sum = exact(a).add(exact(b));
    double truncated = a + b;
    if (exact(truncated).abs().compareTo(sum.abs()) > 0) {
      truncated = truncated > 0 ? Math.nextDown(truncated) : Math.nextUp(truncated);
    }
    return new double[] {
      a + b,
      a * b,
      Math.fma(a, b, 1.0),
      a / b,
      Math.sqrt(magnitude),
      truncated,
      Math.rint(a) + Math.floor(b),
      (long) (a * 1e6),
      (float) a,
      Math.min(a, b) - Math.max(a, b),
      Math.sin(a),
      Math.exp(a * 0.25),
      Math.log(magnitude),
      Math.pow(magnitude, 0.3),
      1 / a,
      1 / Math.sqrt(magnitude)
    };
  }

  private static void runHalves(
      Gpu gpu, Workspace workspace, Gpu.Function function, Comparison comparison) {
    Inputs inputs = new Inputs(15);
    float[] a = inputs.floats(COUNT, -20, 20);
    float[] b = inputs.floats(COUNT, -20, 20);
    float[] c = inputs.floats(COUNT, -400, 400);
    long results = workspace.zeros(COUNT * HALF_RESULTS);
    Number[] arguments = {
      workspace.upload(a), workspace.upload(b), workspace.upload(c), results, COUNT
    };
    gpu.launch(function, Gpu.Extent.covering(COUNT, BLOCK), Gpu.Extent.of(BLOCK), 0, arguments);
    float[] actual = workspace.downloadFloats(results, COUNT * HALF_RESULTS);
    for (int i = 0; i < COUNT; i++) {
      double[] expected = expectedHalves(a[i], b[i], c[i]);
      for (int k = 0; k < HALF_RESULTS; k++) {
        comparison.checkSlot(400 + k, actual[i * HALF_RESULTS + k], expected[k], 0);
      }
    }
  }

  private static double[] expectedHalves(float x, float y, float z) {
    double a = half(x);
    double b = half(y);
    double c = truncatedHalf(z);
    return new double[] {
      a,
      c,
      half(a + b),
      half(a - b),
      half(a * b),
      half(a * b + c),
      half(a * c),
      half(b * c + b),
      a < b ? 1 : 0,
      Math.rint(a) + 0.0,
      half((int) z),
      -a
    };
  }

  /** The nearest value with 11 significant bits; exact here, as the arguments are moderate. */
  private static double half(double value) {
    double unit = halfUnit(value);
    return Math.rint(value / unit) * unit;
  }

  private static double truncatedHalf(double value) {
    double unit = halfUnit(value);
    return (long) (value / unit) * unit;
  }

  private static double halfUnit(double value) {
    return Math.scalb(1d, Math.max(Math.getExponent(value), -14) - 10);
  }
}
