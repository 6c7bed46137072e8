// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.nio.ByteBuffer;

/** Calls, recursion, pointers to functions, loops, local arrays ({@code control_flow.cu}). */
public final class ControlFlow implements DeviceProgram {
  private static final int BLOCK = 64;
  private static final int BLOCKS = 8;
  private static final int RESULTS = 10;
  private static final int[] PRIMES = {2, 3, 5, 7, 11, 13, 17, 19};

  @Override
  public String name() {
    return "control_flow";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Comparison comparison = new Comparison();
    int[] values = new Inputs(18).ints(BLOCK * BLOCKS, -10_000, 10_000);
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load("control_flow");
      long deviceValues = workspace.upload(values);
      long results = workspace.zeros(values.length * RESULTS);
      Gpu.Extent block = Gpu.Extent.of(BLOCK);
      Gpu.Function function = module.function("controlFlow");
      Gpu.Extent blocks = Gpu.Extent.of(BLOCKS);
      gpu.launch(function, blocks, block, 0, deviceValues, results, shape());
      int[] actual = workspace.downloadInts(results, values.length * RESULTS);
      for (int i = 0; i < values.length; i++) {
        int[] expected = expected(values[i]);
        for (int k = 0; k < RESULTS; k++) {
          comparison.checkSlot(700 + k, actual[i * RESULTS + k], expected[k]);
        }
      }
      long mirrored = workspace.zeros(BLOCK);
      int used = 45;
      Number[] arguments = {deviceValues, mirrored, used};
      gpu.launch(module.function("sharedViews"), Gpu.Extent.of(1), block, 12 * BLOCK, arguments);
      int[] views = workspace.downloadInts(mirrored, BLOCK);
      for (int i = 0; i < BLOCK; i++) {
        int other = used - 1 - i;
        int expected = i < used ? values[other] + values[other * 3 % used] / 2 : 0;
        comparison.checkSlot(750, views[i], expected);
      }
    }
    return comparison.exactResult(name());
  }

  /** The structure that the kernel takes by value: an int, three floats, a short, a long. */
  private static ByteBuffer shape() {
    ByteBuffer shape = Workspace.buffer(32);
    shape.putInt(0, 4).putFloat(4, 1.5f).putFloat(8, 2.5f).putFloat(12, 3.5f);
    return shape.putShort(16, (short) 0).putLong(24, 7);
  }

  private static int[] expected(int value) {
    int by = value & 3;
    float[] lengths = {1.5f, 2.5f};
    lengths[by & 1] *= 2;
    return new int[] {
      classified(value & 15),
      fibonacci(value & 7),
      operation(value & 0xff),
      (4 + by) * 100 + (int) lengths[0] * 10 + (int) lengths[1],
      7 - by,
      scrambled(value),
      collatzTurns((value & 0xff) + 1),
      primeSum(value),
      "remora\0".charAt((value & 0xff) % 7),
      nestedChoice(value)
    };
  }

  private static int classified(int n) {
    return switch (n) {
      case 0 -> 17;
      case 1 -> 41;
      case 2 -> 3;
      case 3 -> 7;
      case 4 -> -9;
      case 5 -> 1000;
      case 6 -> 216;
      case 9 -> 5;
      default -> -1;
    };
  }

  private static int fibonacci(int n) {
    return n <= 1 ? 1 : fibonacci(n - 1) + fibonacci(n - 2);
  }

  private static int operation(int n) {
    return switch (n % 3) {
      case 0 -> 2 * n;
      case 1 -> n * n;
      default -> -n;
    };
  }

  private static int scrambled(int value) {
    int[] local = new int[16];
    for (int i = 0; i < 16; i++) {
      local[i] = value + i;
    }
    for (int i = 0; i < 16; i++) {
      local[i * 5 + value & 15] ^= local[i] >> 1;
    }
    return local[value & 15] + local[value + 7 & 15];
  }

  private static int collatzTurns(int start) {
    int turns = 0;
    for (int n = start; n != 1 && turns <= 200; turns++) {
      n = (n & 1) == 1 ? 3 * n + 1 : n >>> 1;
    }
    return turns;
  }

  private static int primeSum(int value) {
    int sum = 0;
    for (int i = 0; i < 8; i++) {
      if ((value >> i & 1) == 0) {
        continue;
      }
      for (int j = 0; j <= i; j++) {
        sum += PRIMES[j];
        if (sum > 60) {
          return sum;
        }
      }
    }
    return sum;
  }

  private static int nestedChoice(int value) {
    int base;
    if ((value & 1) != 0) {
      base = (value & 2) != 0 ? 5 : (value & 4) != 0 ? 6 : 7;
    } else {
      base = (value & 8) != 0 ? 8 : 9;
    }
    boolean extra = (value > 0 && (value & 3) == 3) || value < -100;
    return base + (extra ? 100 : 0);
  }
}
