// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * {@code rcp.approx.ftz.f64} and {@code rsqrt.approx.f64} (PTX ISA 9.7.3, "rcp.approx.ftz.f64",
 * "rsqrt.approx.ftz.f64"): gross approximations from which compilers start Newton iterations.
 */
public final class ApproximateDouble {
  private static final long HIGH_WORD = 0xffff_ffff_0000_0000L;

  private ApproximateDouble() {}

  /** {@code rcp.approx.ftz.f64}: the upper word counts, 2^-20 relative error; the lower is zero. */
  public static double rcp(double a) {
    return flush(truncate(1 / flush(truncate(a))));
  }

  /** {@code rsqrt.approx.ftz.f64}: the upper word counts; the lower is zero. */
  public static double rsqrtFtz(double a) {
    return truncate(1 / Math.sqrt(flush(truncate(a))));
  }

  /** {@code rsqrt.approx.f64}: the whole operand counts. */
  public static double rsqrt(double a) {
    return 1 / Math.sqrt(a);
  }

  private static double truncate(double a) {
    return !Double.isNaN(a)
        ? Double.longBitsToDouble(Double.doubleToRawLongBits(a) & HIGH_WORD)
        : a;
  }

  private static double flush(double a) {
    return Math.abs(a) < Double.MIN_NORMAL ? Math.copySign(0d, a) : a;
  }
}
