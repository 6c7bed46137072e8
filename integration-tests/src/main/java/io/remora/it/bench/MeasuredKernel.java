// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import io.remora.it.programs.Gpu;
import io.remora.it.programs.Gpu.Extent;
import java.util.List;

/**
 * One kernel of {@code ./remora bench kernels}.
 *
 * @param module its PTX file
 * @param name its name, in the C program too
 * @param size what the C program takes for its size
 * @param targetRatio how many times as long as C it may take
 * @param grid extent of the launch in blocks
 * @param block extent of a block
 * @param sharedBytes dynamic shared memory
 * @param arguments makes the arguments out of five buffers of 16 MiB
 */
record MeasuredKernel(
    String module,
    String name,
    int size,
    int targetRatio,
    Extent grid,
    Extent block,
    int sharedBytes,
    Arguments arguments) {
  private static final int BLOCK = 256;

  /** Arguments of a launch, given the addresses of inputs and outputs. */
  interface Arguments {
    Object[] of(long[] buffers);
  }

  /** Those of the documentation, with sizes that take some milliseconds. */
  static List<MeasuredKernel> all() {
    return List.of(
        straight("vector_add", "vectorAdd", 1 << 22, b -> list(b[0], b[1], b[3], 1 << 22)),
        straight(
            "black_scholes",
            "blackScholes",
            1 << 19,
            b -> list(b[0], b[1], b[2], 0.02f, 0.3f, b[3], b[4], 1 << 19)),
        mandelbrot("mandelbrotFloat", b -> list(b[3], 768, 768, -2f, 1.5f, 3f / 768, 200)),
        mandelbrot("mandelbrotDouble", b -> list(b[3], 768, 768, -2.0, 1.5, 3.0 / 768, 200)),
        // The block has barriers, but almost all of the time goes into straight code.
        new MeasuredKernel(
            "nbody",
            "accelerate",
            4096,
            2,
            Extent.of(32),
            Extent.of(128),
            0,
            b -> list(b[0], b[3], 4096, 0.01f, 0.001f)),
        new MeasuredKernel(
            "matrix_multiply",
            "matrixMultiply",
            512,
            4,
            Extent.of(32, 32),
            Extent.of(16, 16),
            0,
            b -> list(b[0], b[1], b[3], 512, 512, 512)),
        new MeasuredKernel(
            "reduction",
            "reduceSum",
            1 << 22,
            4,
            Extent.of(64),
            Extent.of(BLOCK),
            0,
            b -> list(b[0], b[3], 1 << 22)),
        new MeasuredKernel(
            "prefix_scan",
            "scanBlocks",
            1 << 20,
            4,
            Extent.covering(1 << 20, BLOCK),
            Extent.of(BLOCK),
            4 * BLOCK,
            b -> list(b[0], b[3], b[4], 1 << 20)),
        new MeasuredKernel(
            "transpose",
            "transpose",
            2048,
            4,
            Extent.of(64, 64),
            Extent.of(32, 8),
            0,
            b -> list(b[0], b[3], 2048, 2048)));
  }

  private static MeasuredKernel straight(
      String module, String name, int size, Arguments arguments) {
    return new MeasuredKernel(
        module, name, size, 2, Extent.covering(size, BLOCK), Extent.of(BLOCK), 0, arguments);
  }

  private static MeasuredKernel mandelbrot(String name, Arguments arguments) {
    return new MeasuredKernel(
        "mandelbrot", name, 768, 2, Extent.of(48, 48), Extent.of(16, 16), 0, arguments);
  }

  private static Object[] list(Object... values) {
    return values;
  }

  /** Launches once and waits. */
  void run(Gpu gpu, Gpu.Function function, long[] buffers) {
    gpu.launch(function, grid, block, sharedBytes, arguments.of(buffers));
    gpu.synchronize();
  }
}
