// SPDX-License-Identifier: Apache-2.0
/**
 * The device programs that tests, the demo and the benchmarks run: for each CUDA file in {@code
 * src/main/cuda} a class that makes deterministic input, launches the kernels and compares with a
 * reference computed on the host. They see the device only as {@link io.remora.it.programs.Gpu}, so
 * that the same program runs on the bare engine, through the whole path and on a real GPU; nothing
 * here may know which.
 *
 * <p>Start reading at {@link io.remora.it.programs.DeviceProgram} and {@link
 * io.remora.it.programs.VectorAdd}.
 */
@NullMarked
package io.remora.it.programs;

import org.jspecify.annotations.NullMarked;
