// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import java.util.List;

/**
 * What can be known of a compiled kernel ({@code .entry}) without running it.
 *
 * @param name its symbol
 * @param parameters its parameters in order
 * @param parameterBytes length of the parameter block in bytes
 * @param staticSharedBytes shared memory that each block has without asking, in bytes
 * @param localBytes local memory of each thread, in bytes
 * @param constBytes constant memory of the module, in bytes
 * @param registers estimate of 32-bit registers that each thread would need on a GPU, 1 to 255
 * @param maxThreadsPerBlock largest block, from {@code .maxntid} or {@code .reqntid}, else 1024
 * @param requiredBlock x, y and z of {@code .reqntid}; empty if the kernel asks for none
 * @param ptxVersion as CUDA says it: the virtual architecture that the module was compiled for,
 *     major * 10 + minor
 * @param clusters what it says of the clusters that it runs in
 * @param usesHeap whether it may call {@code malloc} or {@code free}
 */
public record PtxKernel(
    String name,
    List<KernelParameter> parameters,
    int parameterBytes,
    int staticSharedBytes,
    int localBytes,
    int constBytes,
    int registers,
    int maxThreadsPerBlock,
    List<Integer> requiredBlock,
    int ptxVersion,
    ClusterRules clusters,
    boolean usesHeap) {

  /** Most threads that any block may have. */
  public static final int MAX_THREADS_PER_BLOCK = 1024;

  /** Most bytes of shared memory, static and dynamic, that a block may have: 227 KiB. */
  public static final int MAX_SHARED_BYTES = 227 << 10;

  /** Copies the lists. */
  public PtxKernel {
    parameters = List.copyOf(parameters);
    requiredBlock = List.copyOf(requiredBlock);
  }
}
