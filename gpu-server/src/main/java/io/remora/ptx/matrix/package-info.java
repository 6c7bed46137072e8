// SPDX-License-Identifier: Apache-2.0
/**
 * The arithmetic of matrix instructions: which element of a matrix lies in which register of which
 * lane, and products by plain loops. Knows registers as 32-bit words and nothing of blocks, memory
 * or threads. Start reading at {@link io.remora.ptx.matrix.MatrixProduct}.
 */
@NullMarked
package io.remora.ptx.matrix;

import org.jspecify.annotations.NullMarked;
