// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.util.List;

/** {@code halves.cu}: results must be those of exact arithmetic, rounded once. */
final class SmallFloatCases {
  private static final int THREADS = 128;

  private SmallFloatCases() {}

  static List<DeviceProgram> all() {
    return List.of(
        arithmetic("halfArithmetic", NarrowFloat.HALF),
        arithmetic("bfloatArithmetic", NarrowFloat.BFLOAT),
        pairs(),
        eightBits());
  }

  private static KernelCase.Setup setup(String kernel, float[] in) {
    return new KernelCase.Setup("halves", kernel, 1, THREADS, KernelInputs.of(in));
  }

  private static DeviceProgram arithmetic(String kernel, NarrowFloat format) {
    float[] in = new Inputs(47).floats(3 * THREADS, -50, 50);
    return KernelCase.floats(
        setup(kernel, in),
        8 * THREADS,
        i -> {
          double a = format.round(in[i / 8 * 3]);
          double b = format.round(in[i / 8 * 3 + 1]);
          double c = format.round(in[i / 8 * 3 + 2]);
          return switch (i % 8) {
            case 0 -> format.round(a + b);
            case 1 -> format.round(a * b);
            case 2 -> format.round(a * b + c);
            case 3 -> Math.max(a, b);
            case 4 -> format.round(a - c);
            case 5 -> a < b ? 1 : 0;
            case 6 -> b >= c ? 1 : 0;
            default -> Math.abs(c);
          };
        },
        0,
        "rounded once");
  }

  private static DeviceProgram pairs() {
    float[] in = new Inputs(53).floats(4 * THREADS, -9, 9);
    NarrowFloat format = NarrowFloat.HALF;
    return KernelCase.floats(
        setup("halfPairs", in),
        4 * THREADS,
        i -> {
          double a = format.round(in[i / 4 * 4 + i % 2]);
          double b = format.round(in[i / 4 * 4 + 2 + i % 2]);
          return i % 4 < 2 ? format.round(a * b + a) : a > b ? 1 : 0;
        },
        0,
        "rounded once");
  }

  private static DeviceProgram eightBits() {
    float[] in = new Inputs(59).floats(THREADS, -600, 600);
    for (int i = 0; i < 40; i++) {
      in[i] *= 1e-5f;
    }
    return KernelCase.floats(
        setup("eightBits", in),
        2 * THREADS,
        i -> (i % 2 == 0 ? NarrowFloat.E4M3 : NarrowFloat.E5M2).round(in[i / 2]),
        0,
        "rounded once");
  }
}
