// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** Option prices by accurate or approximate functions ({@code black_scholes.cu}). */
public final class BlackScholes implements DeviceProgram {
  private static final int BLOCK = 128;
  private static final float RATE = 0.02f;
  private static final float VOLATILITY = 0.3f;

  /** Which kernel. */
  public enum Variant {
    /** With the functions of the standard library. */
    ACCURATE("black_scholes", "blackScholes", 2e-6, "single precision library functions"),
    /** With the device's approximate functions. */
    FAST("black_scholes_fast", "blackScholesFast", 2e-6, "approximate functions, polynomial");

    private final String program;
    private final String kernel;
    private final double tolerance;
    private final String reason;

    Variant(String program, String kernel, double tolerance, String reason) {
      this.program = program;
      this.kernel = kernel;
      this.tolerance = tolerance;
      this.reason = "relative to spot and strike: " + reason;
    }
  }

  private final Variant variant;
  private final int count;

  /** 50,001 options. */
  public BlackScholes(Variant variant) {
    this(variant, 50_001);
  }

  /**
   * @param count options, at least 1
   */
  public BlackScholes(Variant variant, int count) {
    this.variant = variant;
    this.count = count;
  }

  @Override
  public String name() {
    return variant.program;
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Inputs inputs = new Inputs(8);
    float[] spot = inputs.floats(count, 5, 30);
    float[] strike = inputs.floats(count, 1, 100);
    float[] years = inputs.floats(count, 0.25, 10);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Function function = workspace.load("black_scholes").function(variant.kernel);
      long call = workspace.zeros(count);
      long put = workspace.zeros(count);
      gpu.launch(
          function,
          Gpu.Extent.covering(count, BLOCK),
          Gpu.Extent.of(BLOCK),
          0,
          workspace.upload(spot),
          workspace.upload(strike),
          workspace.upload(years),
          RATE,
          VOLATILITY,
          call,
          put,
          count);
      float[] calls = workspace.downloadFloats(call, count);
      float[] puts = workspace.downloadFloats(put, count);
      Comparison comparison = new Comparison();
      for (int i = 0; i < count; i++) {
        check(comparison, spot[i], strike[i], years[i], calls[i], puts[i]);
      }
      return comparison.result(name(), variant.tolerance, variant.reason);
    }
  }

  private static void check(
      Comparison comparison, double spot, double strike, double years, double call, double put) {
    double deviation = VOLATILITY * Math.sqrt(years);
    double drift = (RATE + 0.5 * VOLATILITY * VOLATILITY) * years;
    double d1 = (Math.log(spot / strike) + drift) / deviation;
    double d2 = d1 - deviation;
    double discounted = strike * Math.exp(-RATE * years);
    double expectedCall = spot * normal(d1) - discounted * normal(d2);
    double expectedPut = discounted * normal(-d2) - spot * normal(-d1);
    comparison.check(call, expectedCall, spot + strike);
    comparison.check(put, expectedPut, spot + strike);
  }

  /**
   * The cumulative normal distribution: a series near the middle and a continued fraction in the
   * tails, both to the accuracy of double.
   */
  static double normal(double x) {
    double density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    double magnitude = Math.abs(x);
    if (magnitude < 3) {
      double term = x;
      double sum = x;
      for (int n = 3; Math.abs(term) > 1e-18; n += 2) {
        term *= x * x / n;
        sum += term;
      }
      return 0.5 + density * sum;
    }
    double fraction = magnitude;
    for (int n = 60; n > 0; n--) {
      fraction = magnitude + n / fraction;
    }
    double tail = density / fraction;
    return x < 0 ? tail : 1 - tail;
  }
}
