// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.SplittableRandom;

/**
 * Operands for the tests: special values mixed with random ones of all magnitudes. The seed is
 * printed and can be given with {@code -Dseed=}.
 */
final class Samples {
  private static final float[] FLOATS = {
    0f,
    -0f,
    1f,
    -1f,
    0.5f,
    1.5f,
    -2.5f,
    3f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    Math.nextDown(Float.MIN_NORMAL),
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.NaN,
    Math.nextUp(1f),
    Math.nextDown(1f),
    65504f,
    65520f
  };
  private static final double[] DOUBLES = {
    0d,
    -0d,
    1d,
    -1d,
    1.5,
    3d,
    Double.MIN_VALUE,
    -Double.MIN_VALUE,
    Double.MIN_NORMAL,
    Math.nextDown(Double.MIN_NORMAL),
    Double.MAX_VALUE,
    -Double.MAX_VALUE,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN,
    Math.nextUp(1d),
    0x1p-600
  };
  private static final int[] INTS = {0, 1, -1, 31, 32, 33, 63, 64, 255, Integer.MAX_VALUE};
  private static final long[] LONGS = {0, 1, -1, Integer.MAX_VALUE, 1L << 32, Long.MAX_VALUE};

  private final SplittableRandom random;

  private Samples(SplittableRandom random) {
    this.random = random;
  }

  static Samples seeded() {
    long seed = Long.getLong("seed", 20_261_123L);
    System.out.println("seed " + seed);
    return new Samples(new SplittableRandom(seed));
  }

  int nextInt() {
    int choice = random.nextInt(8);
    if (choice == 0) {
      return INTS[random.nextInt(INTS.length)];
    }
    return choice == 1 ? Integer.MIN_VALUE : random.nextInt() >> random.nextInt(32);
  }

  long nextLong() {
    int choice = random.nextInt(8);
    if (choice == 0) {
      return LONGS[random.nextInt(LONGS.length)];
    }
    return choice == 1 ? Long.MIN_VALUE : random.nextLong() >> random.nextInt(64);
  }

  int nextInt(int bound) {
    return random.nextInt(bound);
  }

  /** Any float: special, any bits, moderate, or with few bits so that exact cases occur. */
  float nextFloat() {
    switch (random.nextInt(8)) {
      case 0:
        return FLOATS[random.nextInt(FLOATS.length)];
      case 1:
        return (float) (random.nextInt(-64, 64) * Math.scalb(1d, random.nextInt(-160, 140)));
      case 2, 3:
        return (float) Math.scalb(random.nextDouble(-2, 2), random.nextInt(-6, 6));
      default:
        return Float.intBitsToFloat(random.nextInt());
    }
  }

  /** A double of any kind, with exponents that make overflow and cancellation likely. */
  double nextDouble() {
    switch (random.nextInt(8)) {
      case 0:
        return DOUBLES[random.nextInt(DOUBLES.length)];
      case 1:
        return random.nextInt(-64, 64) * Math.scalb(1d, random.nextInt(-1080, 1020));
      case 2, 3, 4:
        return Math.scalb(random.nextDouble(-2, 2), random.nextInt(-30, 30));
      default:
        return Double.longBitsToDouble(random.nextLong());
    }
  }

  static BigDecimal exact(double value) {
    return new BigDecimal(value);
  }

  static BigInteger unsigned(long value) {
    BigInteger signed = BigInteger.valueOf(value);
    return value < 0 ? signed.add(BigInteger.ONE.shiftLeft(64)) : signed;
  }

  static boolean finite(double... values) {
    for (double value : values) {
      if (!Double.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  /** The largest float not above the value, by search from the nearest one. */
  static float floatBelow(BigDecimal value) {
    float candidate = value.floatValue();
    if (candidate == Float.POSITIVE_INFINITY) {
      return Float.MAX_VALUE;
    }
    if (candidate == Float.NEGATIVE_INFINITY) {
      return value.compareTo(exact(-Float.MAX_VALUE)) < 0 ? candidate : -Float.MAX_VALUE;
    }
    while (exact(candidate).compareTo(value) > 0) {
      candidate = Math.nextDown(candidate);
      if (candidate == Float.NEGATIVE_INFINITY) {
        return candidate;
      }
    }
    while (candidate != Float.MAX_VALUE && exact(Math.nextUp(candidate)).compareTo(value) <= 0) {
      candidate = Math.nextUp(candidate);
    }
    return candidate;
  }

  /** The largest double not above the value. */
  static double doubleBelow(BigDecimal value) {
    double candidate = value.doubleValue();
    if (candidate == Double.POSITIVE_INFINITY) {
      return Double.MAX_VALUE;
    }
    if (candidate == Double.NEGATIVE_INFINITY) {
      return value.compareTo(exact(-Double.MAX_VALUE)) < 0 ? candidate : -Double.MAX_VALUE;
    }
    while (exact(candidate).compareTo(value) > 0) {
      candidate = Math.nextDown(candidate);
      if (candidate == Double.NEGATIVE_INFINITY) {
        return candidate;
      }
    }
    while (candidate != Double.MAX_VALUE && exact(Math.nextUp(candidate)).compareTo(value) <= 0) {
      candidate = Math.nextUp(candidate);
    }
    return candidate;
  }
}
