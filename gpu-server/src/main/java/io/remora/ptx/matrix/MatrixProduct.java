// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.matrix;

import io.remora.ptx.math.Half;

/**
 * {@code D = A * B + C} over the registers of a warp. Each lane has {@link #WORDS} words: before,
 * the registers of A, B and C one behind the other; afterwards those of D at the start.
 *
 * <p>Products of narrow floats are exact and summed in {@code float}, in the order of k, beginning
 * with C; PTX leaves the order open. {@code .f64} uses fused multiplication.
 *
 * @param a the left factor
 * @param b the right factor
 * @param c the summand
 * @param d the result
 * @param clamp whether results beyond the type's range become its limits ({@code .satfinite})
 * @param bits how single bits are combined: {@code and} or {@code xor}; empty for other elements
 */
public record MatrixProduct(
    Fragment a, Fragment b, Fragment c, Fragment d, boolean clamp, String bits) {
  /** Words of each lane. */
  public static final int WORDS = 32;

  /** The greatest finite {@code .f16}. */
  private static final float HALF_MAX = 65504f;

  /** Whether the registers of all factors fit a lane's words. */
  public boolean fits() {
    return a.words() + b.words() + c.words() <= WORDS && d.words() <= WORDS;
  }

  /**
   * Computes.
   *
   * @param words the words of all lanes of one warp
   * @param first index of lane 0's first word
   */
  public void compute(int[] words, int first) {
    if (a.element() == Element.F64) {
      doubles(words, first);
    } else if (a.element().isFloat()) {
      floats(words, first);
    } else {
      integers(words, first);
    }
  }

  private void floats(int[] words, int first) {
    float[] left = floats(a, words, first);
    float[] right = floats(b, words, first + a.words());
    float[] sum = floats(c, words, first + a.words() + b.words());
    int inner = a.columns();
    int columns = b.columns();
    for (int row = 0; row < a.rows(); row++) {
      for (int k = 0; k < inner; k++) {
        float factor = left[row * inner + k];
        for (int column = 0; column < columns; column++) {
          sum[row * columns + column] += factor * right[k * columns + column];
        }
      }
    }
    int count = d.elementsPerLane();
    boolean isHalf = d.element() == Element.F16;
    for (int lane = 0; lane < Fragment.LANES; lane++) {
      for (int i = 0; i < count; i++) {
        float value = sum[d.places()[lane * count + i]];
        int target = first + lane * WORDS;
        if (isHalf) {
          int bits = Half.fromFloat(clamp ? clampHalf(value) : value) & 0xffff;
          int word = target + i / 2;
          words[word] = i % 2 == 0 ? bits : words[word] | bits << 16;
        } else {
          words[target + i] = Float.floatToRawIntBits(value);
        }
      }
    }
  }

  private static float clampHalf(float value) {
    return Float.isNaN(value) ? value : Math.max(-HALF_MAX, Math.min(HALF_MAX, value));
  }

  private static float[] floats(Fragment from, int[] words, int first) {
    float[] values = new float[from.rows() * from.columns()];
    int count = from.elementsPerLane();
    Element element = from.element();
    for (int lane = 0; lane < Fragment.LANES; lane++) {
      for (int i = 0; i < count; i++) {
        int raw = Fragment.raw(element, words, first + lane * WORDS, i);
        values[from.places()[lane * count + i]] = element.toFloat(raw);
      }
    }
    return values;
  }

  private void integers(int[] words, int first) {
    int[] left = integers(a, words, first);
    int[] right = integers(b, words, first + a.words());
    int[] summand = integers(c, words, first + a.words() + b.words());
    int inner = a.columns();
    int columns = b.columns();
    int[] result = new int[summand.length];
    for (int row = 0; row < a.rows(); row++) {
      for (int column = 0; column < columns; column++) {
        long sum = summand[row * columns + column];
        for (int k = 0; k < inner; k++) {
          sum += combine(left[row * inner + k], right[k * columns + column]);
        }
        result[row * columns + column] =
            clamp ? (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, sum)) : (int) sum;
      }
    }
    int count = d.elementsPerLane();
    for (int lane = 0; lane < Fragment.LANES; lane++) {
      for (int i = 0; i < count; i++) {
        words[first + lane * WORDS + i] = result[d.places()[lane * count + i]];
      }
    }
  }

  private int combine(int x, int y) {
    return bits.isEmpty() ? x * y : bits.equals("and") ? x & y : x ^ y;
  }

  private static int[] integers(Fragment from, int[] words, int first) {
    int[] values = new int[from.rows() * from.columns()];
    int count = from.elementsPerLane();
    Element element = from.element();
    for (int lane = 0; lane < Fragment.LANES; lane++) {
      for (int i = 0; i < count; i++) {
        int raw = Fragment.raw(element, words, first + lane * WORDS, i);
        values[from.places()[lane * count + i]] = element.toInt(raw);
      }
    }
    return values;
  }

  private void doubles(int[] words, int first) {
    double[] left = doubles(a, words, first);
    double[] right = doubles(b, words, first + a.words());
    double[] sum = doubles(c, words, first + a.words() + b.words());
    int inner = a.columns();
    int columns = b.columns();
    for (int row = 0; row < a.rows(); row++) {
      for (int k = 0; k < inner; k++) {
        double factor = left[row * inner + k];
        for (int column = 0; column < columns; column++) {
          int at = row * columns + column;
          sum[at] = Math.fma(factor, right[k * columns + column], sum[at]);
        }
      }
    }
    int count = d.elementsPerLane();
    for (int lane = 0; lane < Fragment.LANES; lane++) {
      for (int i = 0; i < count; i++) {
        long bits = Double.doubleToRawLongBits(sum[d.places()[lane * count + i]]);
        int target = first + lane * WORDS + 2 * i;
        words[target] = (int) bits;
        words[target + 1] = (int) (bits >>> 32);
      }
    }
  }

  private static double[] doubles(Fragment from, int[] words, int first) {
    double[] values = new double[from.rows() * from.columns()];
    int count = from.elementsPerLane();
    for (int lane = 0; lane < Fragment.LANES; lane++) {
      for (int i = 0; i < count; i++) {
        int at = first + lane * WORDS + 2 * i;
        long bits = (long) words[at + 1] << 32 | words[at] & 0xffff_ffffL;
        values[from.places()[lane * count + i]] = Double.longBitsToDouble(bits);
      }
    }
    return values;
  }
}
