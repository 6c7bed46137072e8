// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * One parameter of a kernel in its parameter block.
 *
 * @param offset first byte in the block
 * @param size length in bytes
 * @param alignment alignment in bytes, a power of two
 */
public record KernelParameter(int offset, int size, int alignment) {}
