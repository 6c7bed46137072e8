// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.util.List;

/** {@code matrices.cu}: small integers, so that every format and order gives the exact product. */
final class MatrixCases {
  /** The extents of a product of an m by k and a k by n matrix, and which lie by columns. */
  private record Shape(int m, int n, int k, boolean columnsA, boolean columnsB) {}

  private MatrixCases() {}

  static List<DeviceProgram> all() {
    return List.of(
        floats("wmmaHalf", new Shape(16, 16, 16, false, true)),
        floats("wmmaHalfTall", new Shape(32, 8, 16, true, false)),
        floats("wmmaBfloat", new Shape(8, 32, 16, false, false)),
        floats("wmmaTensorFloat", new Shape(16, 16, 8, false, true)),
        floats("mmaHalf", new Shape(16, 8, 16, false, false)),
        ints("wmmaBytes", new Shape(16, 16, 16, false, true)),
        ints("mmaBytes", new Shape(16, 8, 32, false, false)),
        doubles(new Shape(8, 8, 4, false, true)));
  }

  private static int[] input(Shape shape) {
    return new Inputs(61).ints(shape.k() * (shape.m() + shape.n()), -9, 10);
  }

  private static KernelCase.Setup setup(String kernel, int[] in) {
    return new KernelCase.Setup("matrices", kernel, 1, 32, KernelInputs.of(in));
  }

  private static DeviceProgram floats(String kernel, Shape shape) {
    int[] in = input(shape);
    int count = shape.m() * shape.n();
    return KernelCase.floats(setup(kernel, in), count, i -> element(shape, in, i), 0, "exact");
  }

  private static DeviceProgram ints(String kernel, Shape shape) {
    int[] in = input(shape);
    return KernelCase.ints(setup(kernel, in), shape.m() * shape.n(), i -> element(shape, in, i));
  }

  private static DeviceProgram doubles(Shape shape) {
    int[] in = input(shape);
    int count = shape.m() * shape.n();
    return KernelCase.doubles(
        setup("wmmaDouble", in), count, i -> element(shape, in, i), 0, "exact");
  }

  private static int element(Shape shape, int[] in, int index) {
    int row = index / shape.n();
    int column = index % shape.n();
    int sum = 1;
    for (int k = 0; k < shape.k(); k++) {
      int a = shape.columnsA() ? k * shape.m() + row : row * shape.k() + k;
      int b = shape.columnsB() ? column * shape.k() + k : k * shape.n() + column;
      sum += in[a] * in[shape.m() * shape.k() + b];
    }
    return sum;
  }
}
