// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.nio.ByteBuffer;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;

/**
 * One kernel with the parameters {@code (out, in, count)}, an input and what each element of the
 * output must be.
 */
final class KernelCase implements DeviceProgram {
  /** Where the kernel is and how it is launched; {@code in} is the input as the device sees it. */
  record Setup(String module, String kernel, int blocks, int threads, ByteBuffer in) {}

  private enum Type {
    INT,
    LONG,
    FLOAT,
    DOUBLE
  }

  private final Setup setup;
  private final Type type;
  private final int count;
  private final IntToLongFunction integers;
  private final IntToDoubleFunction numbers;
  private final double tolerance;
  private final String reason;

  private KernelCase(
      Setup setup,
      Type type,
      int count,
      IntToLongFunction integers,
      IntToDoubleFunction numbers,
      double tolerance,
      String reason) {
    this.setup = setup;
    this.type = type;
    this.count = count;
    this.integers = integers;
    this.numbers = numbers;
    this.tolerance = tolerance;
    this.reason = reason;
  }

  /** A kernel that gives 32-bit integers. */
  static KernelCase ints(Setup setup, int count, IntToLongFunction expected) {
    return new KernelCase(
        setup, Type.INT, count, i -> (int) expected.applyAsLong(i), i -> 0, 0, "must be equal");
  }

  /** A kernel that gives 64-bit integers. */
  static KernelCase longs(Setup setup, int count, IntToLongFunction expected) {
    return new KernelCase(setup, Type.LONG, count, expected, i -> 0, 0, "must be equal");
  }

  /** A kernel that gives floats; the tolerance is relative, 0 for equality. */
  static KernelCase floats(
      Setup setup, int count, IntToDoubleFunction expected, double tolerance, String reason) {
    return new KernelCase(setup, Type.FLOAT, count, i -> 0, expected, tolerance, reason);
  }

  /** A kernel that gives doubles; the tolerance is relative, 0 for equality. */
  static KernelCase doubles(
      Setup setup, int count, IntToDoubleFunction expected, double tolerance, String reason) {
    return new KernelCase(setup, Type.DOUBLE, count, i -> 0, expected, tolerance, reason);
  }

  @Override
  public String name() {
    return setup.module() + "." + setup.kernel();
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Comparison comparison = new Comparison();
    int width = type == Type.LONG || type == Type.DOUBLE ? 8 : 4;
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load(setup.module());
      long in = workspace.upload(setup.in().duplicate());
      long out = workspace.zeros(count * width / 4);
      gpu.launch(
          module.function(setup.kernel()),
          Gpu.Extent.of(setup.blocks()),
          Gpu.Extent.of(setup.threads()),
          0,
          out,
          in,
          count);
      ByteBuffer results = Workspace.buffer((long) count * width);
      gpu.download(out, results);
      for (int i = 0; i < count; i++) {
        compare(comparison, results, i);
      }
    }
    return comparison.result(name(), tolerance, reason);
  }

  private void compare(Comparison comparison, ByteBuffer results, int i) {
    switch (type) {
      case INT -> comparison.checkSlot(i, results.getInt(4 * i), integers.applyAsLong(i));
      case LONG -> comparison.checkSlot(i, results.getLong(8 * i), integers.applyAsLong(i));
      case FLOAT -> number(comparison, i, results.getFloat(4 * i));
      case DOUBLE -> number(comparison, i, results.getDouble(8 * i));
    }
  }

  private void number(Comparison comparison, int i, double actual) {
    double expected = numbers.applyAsDouble(i);
    comparison.checkSlot(i, actual, expected, tolerance == 0 ? 1 : expected);
  }

  @Override
  public String toString() {
    return name();
  }
}
