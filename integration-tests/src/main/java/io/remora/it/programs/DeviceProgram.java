// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.util.List;
import java.util.stream.Stream;

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

  /** One kernel each, many of them: see {@link KernelCase}. */
  static List<DeviceProgram> kernels() {
    return Stream.of(
            ElementaryCases.all(),
            SmallFloatCases.all(),
            MatrixCases.all(),
            GroupCases.all(),
            CallCases.all())
        .flatMap(List::stream)
        .toList();
  }

  /** All of {@link #all}, {@link #features} and {@link #kernels}. */
  static List<DeviceProgram> suite() {
    return Stream.of(all(), features(), kernels()).flatMap(List::stream).toList();
  }
}
