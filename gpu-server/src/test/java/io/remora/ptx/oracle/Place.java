// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

/**
 * One block of a launch in one dimension.
 *
 * @param threads threads of each block
 * @param block number of this one
 * @param blocks how many there are
 */
record Place(int threads, int block, int blocks) {}
