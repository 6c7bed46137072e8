// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.math.BigInteger;

/** Operations on 32-bit and 64-bit integers ({@code arithmetic.cu}). */
public final class IntegerArithmetic implements DeviceProgram {
  private static final int COUNT = 2000;
  private static final int BLOCK = 64;
  private static final int INT_RESULTS = 32;
  private static final int LONG_RESULTS = 18;

  @Override
  public String name() {
    return "integer_arithmetic";
  }

  @Override
  public ProgramResult run(Gpu gpu) {
    Comparison comparison = new Comparison();
    try (Workspace workspace = new Workspace(gpu)) {
      Gpu.Module module = workspace.load("arithmetic");
      runInts(gpu, workspace, module.function("integerOperations"), comparison);
      runLongs(gpu, workspace, module.function("longOperations"), comparison);
    }
    return comparison.exactResult(name());
  }

  private static void runInts(
      Gpu gpu, Workspace workspace, Gpu.Function function, Comparison comparison) {
    Inputs inputs = new Inputs(11);
    int[] a = inputs.widelySpreadInts(COUNT);
    int[] b = inputs.widelySpreadInts(COUNT);
    int[] c = inputs.widelySpreadInts(COUNT);
    long results = workspace.zeros(COUNT * INT_RESULTS);
    Number[] arguments = {
      workspace.upload(a), workspace.upload(b), workspace.upload(c), results, COUNT
    };
    gpu.launch(function, Gpu.Extent.covering(COUNT, BLOCK), Gpu.Extent.of(BLOCK), 0, arguments);
    int[] actual = workspace.downloadInts(results, COUNT * INT_RESULTS);
    for (int i = 0; i < COUNT; i++) {
      int[] expected = expectedInts(a[i], b[i], c[i]);
      for (int k = 0; k < INT_RESULTS; k++) {
        comparison.checkSlot(k, actual[i * INT_RESULTS + k], expected[k]);
      }
    }
  }

  private static int[] expectedInts(int a, int b, int c) {
    long ua = a & 0xffff_ffffL;
    long ub = b & 0xffff_ffffL;
    long uc = c & 0xffff_ffffL;
    int odd = b | 1;
    return new int[] {
      (int) ((long) a * b >> 32),
      (int) (ua * ub >>> 32),
      (a << 8 >> 8) * (b << 8 >> 8),
      (a & 0xff_ffff) * (b & 0xff_ffff),
      (int) (Math.abs((long) a - b) + uc),
      (int) (Math.abs(ua - ub) + uc),
      Integer.numberOfLeadingZeros(a),
      a == 0 ? 0 : Integer.numberOfTrailingZeros(a) + 1,
      Integer.bitCount(a),
      Integer.reverse(a),
      permuted(a, b, c),
      (int) ((ub << 32 | ua) << (c & 31) >>> 32),
      (int) ((ub << 32 | ua) >>> (c & 31)),
      (c & 63) >= 32 ? a : (int) ((ub << 32 | ua) << (c & 63) >>> 32),
      (c & 63) >= 32 ? b : (int) ((ub << 32 | ua) >>> (c & 63)),
      c + dotProduct(a, b, true),
      c + dotProduct(a, b, false),
      (int) ((long) a + b >> 1),
      (int) ((long) a + b + 1 >> 1),
      a / odd,
      a % odd,
      Integer.divideUnsigned(a, odd),
      Integer.remainderUnsigned(a, odd),
      (short) a * (short) b + (byte) c,
      Math.min(a, b) + Math.max(b, c),
      (int) (Math.min(ua, ub) + Math.max(ub, uc)),
      a << c,
      a >> c,
      a >>> c,
      (a & b) | (~a & c),
      a >>> (c & 15) & (1 << (b & 15)) - 1,
      Math.abs(a) ^ (a < b ? c : a == c ? 1 : 2)
    };
  }

  private static int permuted(int a, int b, int selectors) {
    int result = 0;
    for (int i = 0; i < 4; i++) {
      int selector = selectors >> 4 * i & 7;
      int value = (selector < 4 ? a : b) >>> 8 * (selector & 3) & 0xff;
      result |= value << 8 * i;
    }
    return result;
  }

  private static int dotProduct(int a, int b, boolean signed) {
    int sum = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      int x = a >>> shift & 0xff;
      int y = b >>> shift & 0xff;
      sum += signed ? (byte) x * (byte) y : x * y;
    }
    return sum;
  }

  private static void runLongs(
      Gpu gpu, Workspace workspace, Gpu.Function function, Comparison comparison) {
    Inputs inputs = new Inputs(12);
    long[] a = inputs.widelySpreadLongs(COUNT);
    long[] b = inputs.widelySpreadLongs(COUNT);
    long results = workspace.zeros(2 * COUNT * LONG_RESULTS);
    Number[] arguments = {workspace.upload(a), workspace.upload(b), results, COUNT};
    gpu.launch(function, Gpu.Extent.covering(COUNT, BLOCK), Gpu.Extent.of(BLOCK), 0, arguments);
    long[] actual = workspace.downloadLongs(results, COUNT * LONG_RESULTS);
    for (int i = 0; i < COUNT; i++) {
      long[] expected = expectedLongs(a[i], b[i]);
      for (int k = 0; k < LONG_RESULTS; k++) {
        comparison.checkSlot(100 + k, actual[i * LONG_RESULTS + k], expected[k]);
      }
    }
  }

  private static long[] expectedLongs(long a, long b) {
    BigInteger ua = unsigned(a);
    BigInteger ub = unsigned(b);
    BigInteger sum = ua.shiftLeft(64).or(ub).add(ub.shiftLeft(64).or(ua));
    long odd = b | 1;
    return new long[] {
      BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).shiftRight(64).longValue(),
      ua.multiply(ub).shiftRight(64).longValue(),
      a / odd,
      a % odd,
      Long.divideUnsigned(a, odd),
      Long.remainderUnsigned(a, odd),
      Long.numberOfLeadingZeros(a),
      Long.bitCount(a),
      Long.reverse(a),
      a << b,
      a >> b,
      a >>> b,
      sum.shiftRight(64).longValue(),
      Float.floatToRawIntBits((float) a),
      Double.doubleToRawLongBits(ua.doubleValue()),
      Float.floatToRawIntBits(truncated(ua)),
      (int) a * (long) (int) b + a,
      Math.min(a, b) ^ ua.max(ub).longValue()
    };
  }

  private static BigInteger unsigned(long value) {
    return new BigInteger(Long.toUnsignedString(value));
  }

  /** The 24 highest bits. */
  private static float truncated(BigInteger value) {
    int lost = Math.max(0, value.bitLength() - 24);
    return value.shiftRight(lost).shiftLeft(lost).floatValue();
  }
}
