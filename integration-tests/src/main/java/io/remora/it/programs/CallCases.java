// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.math.BigInteger;
import java.util.List;
import java.util.function.IntToLongFunction;

/** {@code calls.cu}, {@code integers.cu} and {@code references.cu}. */
final class CallCases {
  private static final int THREADS = 96;
  private static final int WIDE = 128;

  private CallCases() {}

  static List<DeviceProgram> all() {
    int[] in = new Inputs(73).ints(512, -5000, 5000);
    long[] longs = new Inputs(79).widelySpreadLongs(2 * WIDE);
    int[] words = new Inputs(83).widelySpreadInts(2 * WIDE);
    return List.of(
        calls("recursion", in, i -> ackermann(i % 3, in[i] & 7)),
        calls("functionPointers", in, i -> operate(i % 3, in[i], i)),
        calls("virtualFunctions", in, i -> (long) i * ((in[i] & 1) != 0 ? i : in[i])),
        calls("lists", in, i -> weighted(in[i])),
        calls("structures", in, i -> rotated(in, i, 3) + 1000 * rotated(in, i, 20)),
        calls("stackMemory", in, CallCases::stack),
        calls("switches", in, i -> switched(in[i], i)),
        wide("wideProducts", longs, i -> product(longs, i)),
        wide("wideQuotients", longs, i -> quotient(longs, i)),
        wide("longQuotients", longs, i -> shortQuotient(longs, i)),
        words("packedBytes", words, i -> PackedReference.bytes(words, i)),
        words("fields", words, i -> PackedReference.fields(words, i)),
        references(in),
        vectors(in),
        scoped(longs));
  }

  private static DeviceProgram calls(String kernel, int[] in, IntToLongFunction expected) {
    var setup = new KernelCase.Setup("calls", kernel, 1, THREADS, KernelInputs.of(in));
    return KernelCase.ints(setup, THREADS, expected);
  }

  private static DeviceProgram wide(String kernel, long[] in, IntToLongFunction expected) {
    var setup = new KernelCase.Setup("integers", kernel, 1, WIDE, KernelInputs.of(in));
    return KernelCase.longs(setup, 2 * WIDE, expected);
  }

  private static DeviceProgram words(String kernel, int[] in, IntToLongFunction expected) {
    var setup = new KernelCase.Setup("integers", kernel, 1, WIDE, KernelInputs.of(in));
    return KernelCase.ints(setup, 4 * WIDE, expected);
  }

  private static int ackermann(int m, int n) {
    return m == 0 ? n + 1 : m == 1 ? n + 2 : 2 * n + 3;
  }

  private static int operate(int operation, int a, int b) {
    return operation == 0 ? a + b : operation == 1 ? a - b : a * b;
  }

  private static long weighted(int value) {
    long total = 0;
    for (int weight = 1; weight <= 10; weight++) {
      total += weight * (value + 10L - weight);
    }
    return total;
  }

  private static int rotated(int[] in, int i, int index) {
    return in[(index + i % 24 + 5) % 24] + i;
  }

  private static long stack(int i) {
    int[] in = new Inputs(73).ints(512, -5000, 5000);
    int length = 1 + (in[i] & 31);
    long total = 0;
    for (int k = 0; k < length; k++) {
      total += (length - 1L - k) * i * k;
    }
    return total;
  }

  private static int switched(int value, int i) {
    return switch (value & 7) {
      case 0 -> value * 3 + i;
      case 1 -> value / 7 - i;
      case 2 -> value ^ i << 4;
      case 3 -> Integer.bitCount(value) * i;
      case 4 -> value % 13;
      case 5 -> -value;
      case 6 -> (value | 255) + 17;
      default -> value + 17;
    };
  }

  private static BigInteger unsigned(long value) {
    return new BigInteger(Long.toUnsignedString(value));
  }

  private static BigInteger pair(long high, long low) {
    return unsigned(high).shiftLeft(64).add(unsigned(low));
  }

  private static long product(long[] in, int i) {
    long a = in[i / 2 * 2];
    long b = in[i / 2 * 2 + 1];
    BigInteger product = unsigned(a).multiply(unsigned(b)).add(pair(b, a));
    return product.shiftRight(64 * (i % 2)).longValue();
  }

  private static long quotient(long[] in, int i) {
    long a = in[i / 2 * 2];
    long b = in[i / 2 * 2 + 1];
    BigInteger[] both = pair(a, b).divideAndRemainder(unsigned(b >>> 7 | 1));
    return both[i % 2].longValue();
  }

  private static long shortQuotient(long[] in, int i) {
    long divisor = in[i / 2 * 2 + 1] >> i / 2 % 48;
    divisor = divisor == 0 ? 3 : divisor;
    return i % 2 == 0 ? in[i / 2 * 2] / divisor : in[i / 2 * 2] % divisor;
  }

  private static DeviceProgram references(int[] in) {
    var setup = new KernelCase.Setup("references", "atomicReferences", 4, 128, KernelInputs.of(in));
    long sum = 0;
    int greatest = 0;
    for (int value : in) {
      sum += value;
      greatest = Math.max(greatest, value);
    }
    long[] expected = {sum, greatest, 0x8080_8080L, 2 * 512};
    return KernelCase.ints(setup, 4, i -> expected[i]);
  }

  private static DeviceProgram vectors(int[] in) {
    var setup = new KernelCase.Setup("references", "atomicVectors", 4, 128, KernelInputs.of(in));
    double sum = 0;
    for (int value : in) {
      sum += value & 15;
    }
    // The fifth float is a pair of halves: 512 in the lower one. The sixth is never touched.
    double[] expected = {sum, 512, 2 * sum, -512, Float.intBitsToFloat(0x6000), 0, 256};
    return KernelCase.floats(setup, 7, i -> expected[i], 0, "exact");
  }

  private static DeviceProgram scoped(long[] in) {
    var setup = new KernelCase.Setup("references", "scopedAdditions", 2, 128, KernelInputs.of(in));
    long[] expected = new long[4];
    for (long value : in) {
      expected[0] += value;
      expected[1] += value >>> 8;
      expected[2] ^= value;
      expected[3] = Long.compareUnsigned(expected[3], value) < 0 ? value : expected[3];
    }
    return KernelCase.longs(setup, 4, i -> expected[i]);
  }
}
