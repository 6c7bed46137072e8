// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.math.Half;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of random small integers against sums written down from the definition. */
final class MatrixProductTest {
  private static final long SEED = 20_261_124;

  /** Fragments of one product; small integers are exact in each of its types. */
  private static MatrixProduct product(Element factor, Element sum, int m, int k) {
    return new MatrixProduct(
        Fragment.left(factor, m, k),
        Fragment.right(factor, k, 8),
        Fragment.accumulator(sum, m, 8),
        Fragment.accumulator(sum, m, 8),
        false,
        "");
  }

  static List<MatrixProduct> products() {
    return List.of(
        product(Element.F16, Element.F32, 16, 8),
        product(Element.F16, Element.F16, 16, 16),
        product(Element.TF32, Element.F32, 16, 4),
        product(Element.TF32, Element.F32, 16, 8),
        product(Element.S8, Element.S32, 8, 16),
        product(Element.S8, Element.S32, 16, 16),
        product(Element.U8, Element.S32, 16, 32),
        product(Element.S4, Element.S32, 8, 32),
        product(Element.U4, Element.S32, 16, 64),
        product(Element.F64, Element.F64, 8, 4),
        product(Element.F64, Element.F64, 16, 16));
  }

  @ParameterizedTest
  @MethodSource("products")
  void everyElementIsTheSumOfItsProducts(MatrixProduct product) {
    var random = new SplittableRandom(SEED);
    int[] words = new int[Fragment.LANES * MatrixProduct.WORDS];
    int[] a = fill(product.a(), words, 0, random);
    int[] b = fill(product.b(), words, product.a().words(), random);
    int[] c = fill(product.c(), words, product.a().words() + product.b().words(), random);
    product.compute(words, 0);
    int inner = product.a().columns();
    for (int lane = 0; lane < Fragment.LANES; lane++) {
      for (int i = 0; i < product.d().elementsPerLane(); i++) {
        int place = product.d().places()[lane * product.d().elementsPerLane() + i];
        int expected = c[place];
        for (int k = 0; k < inner; k++) {
          expected += a[place / 8 * inner + k] * b[k * 8 + place % 8];
        }
        assertThat(read(product.d(), words, lane, i))
            .as("seed %d, %s, lane %d, element %d", SEED, product.a().element(), lane, i)
            .isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("products")
  void fragmentsHoldEveryElementOnce(MatrixProduct product) {
    for (Fragment fragment : List.of(product.a(), product.b(), product.c())) {
      var seen = new BitSet();
      for (int place : fragment.places()) {
        assertThat(seen.get(place)).isFalse();
        seen.set(place);
      }
      assertThat(seen.cardinality()).isEqualTo(fragment.rows() * fragment.columns());
    }
  }

  /** Where the manual's figures show elements of {@code mma.m16n8k16}. */
  @Test
  void lanesHoldWhatTheManualShows() {
    Fragment left = Fragment.left(Element.F16, 16, 16);
    assertThat(left.places()[5 * 8]).isEqualTo(16 + 2);
    assertThat(left.places()[5 * 8 + 3]).isEqualTo(9 * 16 + 3);
    assertThat(left.places()[5 * 8 + 6]).isEqualTo(9 * 16 + 10);
    Fragment right = Fragment.right(Element.F16, 16, 8);
    assertThat(right.places()[5 * 4 + 2]).isEqualTo(10 * 8 + 1);
    Fragment sum = Fragment.accumulator(Element.F32, 16, 8);
    assertThat(sum.places()[5 * 4 + 3]).isEqualTo(9 * 8 + 3);
  }

  @Test
  void clampedSumsStopAtTheLimits() {
    MatrixProduct plain = product(Element.U8, Element.S32, 8, 16);
    var clamped = new MatrixProduct(plain.a(), plain.b(), plain.c(), plain.d(), true, "");
    int[] words = new int[Fragment.LANES * MatrixProduct.WORDS];
    java.util.Arrays.fill(words, 0x7f7f_7f7f);
    clamped.compute(words, 0);
    assertThat(words[0]).isEqualTo(Math.min(Integer.MAX_VALUE, 0x7f7f_7f7f + 16 * 127 * 127));
    java.util.Arrays.fill(words, 0x7fff_ffff);
    clamped.compute(words, 0);
    assertThat(words[0]).isEqualTo(Integer.MAX_VALUE);
  }

  /** Gives a fragment random elements in the words of all lanes; returns the matrix. */
  private static int[] fill(Fragment fragment, int[] words, int first, SplittableRandom random) {
    Element element = fragment.element();
    int least = element == Element.U8 || element == Element.U4 ? 0 : -7;
    int[] values = random.ints(fragment.rows() * fragment.columns(), least, 8).toArray();
    int count = fragment.elementsPerLane();
    for (int lane = 0; lane < Fragment.LANES; lane++) {
      for (int i = 0; i < count; i++) {
        int value = values[fragment.places()[lane * count + i]];
        write(element, words, lane * MatrixProduct.WORDS + first, i, value);
      }
    }
    return values;
  }

  private static void write(Element element, int[] words, int first, int i, int value) {
    if (element == Element.F64) {
      long bits = Double.doubleToRawLongBits(value);
      words[first + 2 * i] = (int) bits;
      words[first + 2 * i + 1] = (int) (bits >>> 32);
      return;
    }
    int bits =
        switch (element) {
          case F16 -> Half.fromFloat(value) & 0xffff;
          case TF32, F32 -> Float.floatToRawIntBits(value);
          default -> value & (int) ((1L << element.bits()) - 1);
        };
    words[first + i / element.perWord()] |= bits << i % element.perWord() * element.bits();
  }

  private static int read(Fragment fragment, int[] words, int lane, int i) {
    int first = lane * MatrixProduct.WORDS;
    return switch (fragment.element()) {
      case F64 ->
          (int)
              Double.longBitsToDouble(
                  (long) words[first + 2 * i + 1] << 32 | words[first + 2 * i] & 0xffff_ffffL);
      case F16 -> (int) Half.toFloat(words[first + i / 2] >>> 16 * (i % 2) & 0xffff);
      case F32 -> (int) Float.intBitsToFloat(words[first + i]);
      default -> words[first + i];
    };
  }
}
