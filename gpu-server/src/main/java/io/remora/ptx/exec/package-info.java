// SPDX-License-Identifier: Apache-2.0
/**
 * Runs compiled kernels: blocks over a worker pool, the threads of a block between suspension
 * points, barriers and warp operations. Compiled code calls {@link io.remora.ptx.exec.BlockContext}
 * and is called through {@link io.remora.ptx.exec.KernelCode}. Nothing here reads PTX or makes
 * bytecode. Start reading at {@link io.remora.ptx.exec.BlockRunner}.
 */
@NullMarked
package io.remora.ptx.exec;

import org.jspecify.annotations.NullMarked;
