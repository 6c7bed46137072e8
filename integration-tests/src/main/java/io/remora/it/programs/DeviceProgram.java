// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.util.List;

/**
 * A program that computes something on a device and checks it. Instances hold sizes only; each run
 * makes its own input from a fixed seed and frees what it allocates.
 */
public interface DeviceProgram {
  /** A short name, as {@code matrix_multiply}. */
  String name();

  /** Runs on a device, compares with the reference, and frees everything. */
  ProgramResult run(Gpu gpu);

  /** All programs with sizes that run in well under a second on two cores. */
  static List<DeviceProgram> all() {
    return List.of(
        new VectorAdd(),
        new Saxpy(),
        new MatrixMultiply(),
        new Transpose(),
        new Reduction(),
        new PrefixScan(),
        new Histogram(),
        new BlackScholes(BlackScholes.Variant.ACCURATE),
        new BlackScholes(BlackScholes.Variant.FAST),
        new Mandelbrot(Mandelbrot.Precision.FLOAT),
        new Mandelbrot(Mandelbrot.Precision.DOUBLE),
        new Convolution(),
        new NBodyProgram());
  }

  /** Programs that try one feature of the device after another, rather than compute something. */
  static List<DeviceProgram> features() {
    return List.of(
        new IntegerArithmetic(),
        new FloatArithmetic(),
        new WarpOperations(),
        new Atomics(),
        new ControlFlow());
  }
}
