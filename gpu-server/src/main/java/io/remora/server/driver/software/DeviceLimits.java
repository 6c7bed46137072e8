// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.PtxKernel;

/**
 * What a multiprocessor of the software device holds, and so how many blocks are resident on it:
 * the figures of a GPU of compute capability 12.x, with which programs choose sensible blocks. The
 * engine itself keeps fewer blocks in work at a time.
 *
 * @param computeCapability major * 10 + minor
 * @param multiprocessors as many as the device has threads
 */
record DeviceLimits(int computeCapability, int multiprocessors) {
  /** Of {@code malloc} in kernels, until a program says otherwise: CUDA's own default. */
  static final long HEAP_BYTES = 8L << 20;

  static final int WARP_THREADS = 32;
  static final int THREADS_PER_BLOCK = PtxKernel.MAX_THREADS_PER_BLOCK;
  static final int THREADS_PER_MULTIPROCESSOR = 1536;
  static final int BLOCKS_PER_MULTIPROCESSOR = 24;
  static final int REGISTERS = 65536;
  static final int SHARED_BYTES_PER_BLOCK = 48 << 10;
  static final int SHARED_BYTES_PER_BLOCK_OPT_IN = 99 << 10;
  static final int SHARED_BYTES_PER_MULTIPROCESSOR = 100 << 10;
  static final int SHARED_BYTES_RESERVED = 1 << 10;

  private static final int FIRST_WITH_CLUSTERS = 90;

  /** Registers are given to warps in units of so many. */
  private static final int REGISTER_UNIT = 256;

  /** Whether a GPU of this compute capability has clusters of several blocks. */
  boolean hasClusters() {
    return computeCapability >= FIRST_WITH_CLUSTERS;
  }

  /** Blocks of the kernel that are on one multiprocessor at once. */
  int residentBlocks(PtxKernel kernel, int blockThreads, long dynamicSharedBytes) {
    if (blockThreads > kernel.maxThreadsPerBlock()) {
      return 0;
    }
    int warps = (blockThreads + WARP_THREADS - 1) / WARP_THREADS;
    int warpRegisters =
        (kernel.registers() * WARP_THREADS + REGISTER_UNIT - 1) / REGISTER_UNIT * REGISTER_UNIT;
    long shared = kernel.staticSharedBytes() + dynamicSharedBytes + SHARED_BYTES_RESERVED;
    long byShared =
        dynamicSharedBytes > SHARED_BYTES_PER_BLOCK_OPT_IN
            ? 0
            : SHARED_BYTES_PER_MULTIPROCESSOR / shared;
    int byThreads = THREADS_PER_MULTIPROCESSOR / (warps * WARP_THREADS);
    int byRegisters = REGISTERS / (warps * Math.max(REGISTER_UNIT, warpRegisters));
    return (int)
        Math.min(Math.min(BLOCKS_PER_MULTIPROCESSOR, byThreads), Math.min(byRegisters, byShared));
  }

  /** Dynamic shared memory that each block can have with so many blocks on a multiprocessor. */
  long dynamicSharedBytes(PtxKernel kernel, int blocks) {
    long each = SHARED_BYTES_PER_MULTIPROCESSOR / blocks - SHARED_BYTES_RESERVED;
    long free = Math.min(each, SHARED_BYTES_PER_BLOCK_OPT_IN) - kernel.staticSharedBytes();
    return Math.max(0, free / SHARED_BYTES_RESERVED * SHARED_BYTES_RESERVED);
  }
}
