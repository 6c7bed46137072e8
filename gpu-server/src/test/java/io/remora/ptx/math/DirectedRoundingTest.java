// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import org.junit.jupiter.api.Test;

final class DirectedRoundingTest {
  private static final int ROUNDS = 20_000;

  /** Enough digits that no quotient or root of doubles can hide which side it lies on. */
  private static final MathContext DIGITS = new MathContext(900);

  @Test
  void floatSumsAndProductsAreTheNeighboursOfTheExactValue() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      float a = samples.nextFloat();
      float b = samples.nextInt(5) == 0 ? -a : samples.nextFloat();
      float c = samples.nextInt(3) == 0 ? (float) (-(double) a * b) : samples.nextFloat();
      if (!Samples.finite(a, b, c)) {
        continue;
      }
      BigDecimal sum = Samples.exact(a).add(Samples.exact(b));
      BigDecimal product = Samples.exact(a).multiply(Samples.exact(b));
      BigDecimal fused = product.add(Samples.exact(c));
      checkFloat(
          sum, DirectedFloat.addRz(a, b), DirectedFloat.addRm(a, b), DirectedFloat.addRp(a, b));
      checkFloat(
          product, DirectedFloat.mulRz(a, b), DirectedFloat.mulRm(a, b), DirectedFloat.mulRp(a, b));
      checkFloat(
          fused,
          DirectedFloat.fmaRz(a, b, c),
          DirectedFloat.fmaRm(a, b, c),
          DirectedFloat.fmaRp(a, b, c));
      assertThat(DirectedFloat.fmaRn(a, b, c)).isEqualTo(Math.fma(a, b, c));
    }
  }

  @Test
  void floatQuotientsAndRootsAreTheNeighboursOfTheExactValue() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS / 4; i++) {
      float a = samples.nextFloat();
      float b = samples.nextFloat();
      if (!Samples.finite(a, b) || b == 0) {
        continue;
      }
      BigDecimal quotient = Samples.exact(a).divide(Samples.exact(b), DIGITS);
      checkFloat(
          quotient,
          DirectedFloat.divRz(a, b),
          DirectedFloat.divRm(a, b),
          DirectedFloat.divRp(a, b));
      float radicand = Math.abs(a);
      float down = DirectedFloat.sqrtRz(radicand);
      float up = DirectedFloat.sqrtRp(radicand);
      checkRoot(radicand, down, Math.nextUp(down), up, Math.nextDown(up));
    }
  }

  @Test
  void doubleResultsAreTheNeighboursOfTheExactValue() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS / 4; i++) {
      double a = samples.nextDouble();
      double b = samples.nextInt(5) == 0 ? -a : samples.nextDouble();
      double c = samples.nextInt(3) == 0 ? -a * b : samples.nextDouble();
      if (!Samples.finite(a, b, c)) {
        continue;
      }
      BigDecimal sum = Samples.exact(a).add(Samples.exact(b));
      BigDecimal product = Samples.exact(a).multiply(Samples.exact(b));
      checkDouble(
          sum, DirectedDouble.addRz(a, b), DirectedDouble.addRm(a, b), DirectedDouble.addRp(a, b));
      checkDouble(
          product,
          DirectedDouble.mulRz(a, b),
          DirectedDouble.mulRm(a, b),
          DirectedDouble.mulRp(a, b));
      checkDouble(
          product.add(Samples.exact(c)),
          DirectedDouble.fmaRz(a, b, c),
          DirectedDouble.fmaRm(a, b, c),
          DirectedDouble.fmaRp(a, b, c));
    }
  }

  @Test
  void doubleQuotientsAndRootsAreTheNeighboursOfTheExactValue() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS / 8; i++) {
      double a = samples.nextDouble();
      double b = samples.nextDouble();
      if (!Samples.finite(a, b) || b == 0) {
        continue;
      }
      BigDecimal quotient = Samples.exact(a).divide(Samples.exact(b), DIGITS);
      checkDouble(
          quotient,
          DirectedDouble.divRz(a, b),
          DirectedDouble.divRm(a, b),
          DirectedDouble.divRp(a, b));
      double radicand = Math.abs(a);
      double down = DirectedDouble.sqrtRz(radicand);
      double up = DirectedDouble.sqrtRp(radicand);
      checkRoot(radicand, down, Math.nextUp(down), up, Math.nextDown(up));
    }
  }

  @Test
  void doublesNarrowToTheNeighbouringFloats() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      double a = samples.nextInt(2) == 0 ? samples.nextDouble() : samples.nextFloat() * 1.0000001;
      if (Samples.finite(a)) {
        checkFloat(
            Samples.exact(a),
            Narrowing.toFloatRz(a),
            Narrowing.toFloatRm(a),
            Narrowing.toFloatRp(a));
      }
    }
  }

  @Test
  void infinitiesAndNansPassAndOverflowStopsAtTheLargestNumber() {
    float infinity = Float.POSITIVE_INFINITY;
    assertThat(DirectedFloat.addRz(infinity, 1)).isEqualTo(infinity);
    assertThat(DirectedFloat.addRm(infinity, -infinity)).isNaN();
    assertThat(DirectedFloat.divRm(1, 0)).isEqualTo(infinity);
    assertThat(DirectedFloat.divRz(-1, 0)).isEqualTo(-infinity);
    assertThat(DirectedFloat.divRp(1, infinity)).isEqualTo(0f);
    assertThat(DirectedFloat.divRm(infinity, 2)).isEqualTo(infinity);
    assertThat(DirectedFloat.mulRz(Float.MAX_VALUE, 2)).isEqualTo(Float.MAX_VALUE);
    assertThat(DirectedFloat.mulRp(Float.MAX_VALUE, 2)).isEqualTo(infinity);
    assertThat(DirectedFloat.sqrtRp(infinity)).isEqualTo(infinity);
    assertThat(DirectedFloat.sqrtRz(-1)).isNaN();
    assertThat(DirectedDouble.divRm(1, 0)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(DirectedDouble.divRp(1, Double.POSITIVE_INFINITY)).isEqualTo(0d);
    assertThat(DirectedDouble.mulRz(Double.MAX_VALUE, -2)).isEqualTo(-Double.MAX_VALUE);
    assertThat(DirectedDouble.mulRp(Double.NaN, 1)).isNaN();
    assertThat(DirectedDouble.fmaRz(Double.POSITIVE_INFINITY, 0, 1)).isNaN();
    assertThat(DirectedDouble.sqrtRp(Double.POSITIVE_INFINITY)).isEqualTo(Double.POSITIVE_INFINITY);
  }

  @Test
  void exactZeroIsNegativeOnlyWhenRoundingDown() {
    assertThat(1 / DirectedFloat.addRm(1, -1)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(1 / DirectedFloat.addRp(1, -1)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(1 / DirectedFloat.addRm(0f, 0f)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(1 / DirectedDouble.addRm(1, -1)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(1 / DirectedDouble.fmaRm(2, 3, -6)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(1 / DirectedFloat.fmaRm(2, 3, -6)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(1 / DirectedFloat.fmaRz(2, 3, -6)).isEqualTo(Float.POSITIVE_INFINITY);
  }

  private static void checkFloat(BigDecimal exact, float zero, float down, float up) {
    float below = Samples.floatBelow(exact);
    float above = -Samples.floatBelow(exact.negate());
    assertThat(down == below).as("%s down to %s, not %s", exact, below, down).isTrue();
    assertThat(up == above).as("%s up to %s, not %s", exact, above, up).isTrue();
    assertThat(zero == (exact.signum() > 0 ? below : above))
        .as("%s to zero %s", exact, zero)
        .isTrue();
  }

  /** Squares are compared, as a root has no end of digits. */
  private static void checkRoot(
      double radicand, double down, double afterDown, double up, double beforeUp) {
    BigDecimal exact = Samples.exact(radicand);
    assertThat(square(down)).as("root of %s down", radicand).isLessThanOrEqualTo(exact);
    assertThat(square(afterDown)).as("root of %s down", radicand).isGreaterThan(exact);
    assertThat(square(up)).as("root of %s up", radicand).isGreaterThanOrEqualTo(exact);
    assertThat(up == 0 || square(beforeUp).compareTo(exact) < 0)
        .as("root of %s", radicand)
        .isTrue();
  }

  private static BigDecimal square(double value) {
    return Samples.exact(value).multiply(Samples.exact(value));
  }

  private static void checkDouble(BigDecimal exact, double zero, double down, double up) {
    double below = Samples.doubleBelow(exact);
    double above = -Samples.doubleBelow(exact.negate());
    assertThat(down == below).as("%s down to %s, not %s", exact, below, down).isTrue();
    assertThat(up == above).as("%s up to %s, not %s", exact, above, up).isTrue();
    assertThat(zero == (exact.signum() > 0 ? below : above))
        .as("%s to zero %s", exact, zero)
        .isTrue();
  }
}
