// SPDX-License-Identifier: Apache-2.0
/**
 * Real GPUs, by whatever {@code libcuda.so.1} the system has. Two bindings, by what a call costs:
 * JCuda for calls on contexts, streams and events (about 25 ns each), and JNA's direct mapping for
 * those that take addresses and function handles, which JCuda has only with an object for each
 * argument, or not at all (about 100 ns, a launch 400). Nothing outside of this package knows
 * either. Start reading at {@link io.remora.server.driver.cuda.CudaDriver}, then {@link
 * io.remora.server.driver.cuda.CudaStream}.
 */
@NullMarked
package io.remora.server.driver.cuda;

import org.jspecify.annotations.NullMarked;
