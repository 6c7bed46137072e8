// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** The functions of {@code elementary.cu}, within the bounds of CUDA's own documentation. */
final class ElementaryCases {
  private static final int COUNT = 2048;
  private static final int BLOCK = 256;
  private static final double FLOAT_ULP = 0x1p-23;
  private static final double DOUBLE_ULP = 0x1p-52;

  private final List<DeviceProgram> cases = new ArrayList<>();

  static List<DeviceProgram> all() {
    var table = new ElementaryCases();
    table.floats();
    table.doubles();
    return table.cases;
  }

  private void single(String name, double low, double high, double ulps, DoubleUnaryOperator f) {
    float[] in = new Inputs(41).floats(COUNT, low, high);
    cases.add(
        KernelCase.floats(
            new KernelCase.Setup(
                "elementary", "float_" + name, COUNT / BLOCK, BLOCK, KernelInputs.of(in)),
            COUNT,
            i -> f.applyAsDouble(in[i]),
            ulps * FLOAT_ULP,
            ulps + " ulp"));
  }

  private void twice(String name, double low, double high, double ulps, DoubleUnaryOperator f) {
    double[] in = new Inputs(43).doubles(COUNT, low, high);
    cases.add(
        KernelCase.doubles(
            new KernelCase.Setup(
                "elementary", "double_" + name, COUNT / BLOCK, BLOCK, KernelInputs.of(in)),
            COUNT,
            i -> f.applyAsDouble(in[i]),
            ulps * DOUBLE_ULP,
            ulps + " ulp, one of them Java's own"));
  }

  private void floats() {
    single("sinf", -1000, 1000, 2, Math::sin);
    single("cosf", -1000, 1000, 2, Math::cos);
    single("tanf", -50, 50, 4, Math::tan);
    single("expf", -80, 80, 2, Math::exp);
    single("expm1f", -5, 5, 1, Math::expm1);
    single("logf", 1e-6, 1e6, 1, Math::log);
    single("log1pf", -0.9, 100, 1, Math::log1p);
    single("cbrtf", -1e6, 1e6, 1, Math::cbrt);
    single("sinhf", -20, 20, 3, Math::sinh);
    single("tanhf", -5, 5, 2, Math::tanh);
    single("asinf", -1, 1, 2, Math::asin);
    single("atanf", -100, 100, 2, Math::atan);
    single("rsqrtf", 1e-3, 1e6, 2, x -> 1 / Math.sqrt(x));
    // The bounds of the intrinsics are 2 + floor(abs(1.173 * x)) ulp, and absolute ones.
    single("__expf", -10, 10, 2 + 12, Math::exp);
    single("__sinf", 0.5, 2.5, 16, Math::sin);
    single("__logf", 3, 1e6, 4, Math::log);
  }

  private void doubles() {
    twice("sin", -1000, 1000, 3, Math::sin);
    twice("cos", -1000, 1000, 3, Math::cos);
    twice("tan", -50, 50, 3, Math::tan);
    twice("exp", -300, 300, 2, Math::exp);
    twice("expm1", -5, 5, 2, Math::expm1);
    twice("log", 1e-9, 1e9, 2, Math::log);
    twice("log1p", -0.9, 100, 2, Math::log1p);
    twice("cbrt", -1e9, 1e9, 2, Math::cbrt);
    twice("cosh", -20, 20, 4, Math::cosh);
    twice("tanh", -5, 5, 4, Math::tanh);
    twice("acos", -1, 0.99, 3, Math::acos);
    twice("atan", -100, 100, 3, Math::atan);
    twice("rsqrt", 1e-3, 1e9, 2, x -> 1 / Math.sqrt(x));
  }
}
