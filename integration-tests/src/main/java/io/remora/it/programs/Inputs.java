// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.util.SplittableRandom;

/** Deterministic input: the same seed gives the same values on every machine. */
final class Inputs {
  private final SplittableRandom random;

  Inputs(long seed) {
    this.random = new SplittableRandom(seed);
  }

  /** Floats uniform in [low, high). */
  float[] floats(int count, double low, double high) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextDouble(low, high);
    }
    return values;
  }

  /** Integers uniform in [low, high). */
  int[] ints(int count, int low, int high) {
    return random.ints(count, low, high).toArray();
  }

  /** Integers of all magnitudes and both signs. */
  int[] widelySpreadInts(int count) {
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt() >> random.nextInt(32);
    }
    return values;
  }

  /** 64-bit integers of all magnitudes and both signs. */
  long[] widelySpreadLongs(int count) {
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextLong() >> random.nextInt(64);
    }
    return values;
  }

  /** Doubles uniform in [low, high). */
  double[] doubles(int count, double low, double high) {
    return random.doubles(count, low, high).toArray();
  }

  /** A double uniform in [low, high). */
  double next(double low, double high) {
    return random.nextDouble(low, high);
  }

  /** A normally distributed double with deviation 1, by Box and Muller. */
  double nextNormal() {
    double radius = Math.sqrt(-2 * Math.log(1 - random.nextDouble()));
    return radius * Math.cos(2 * Math.PI * random.nextDouble());
  }
}
