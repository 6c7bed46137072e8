// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import java.nio.ByteBuffer;

/**
 * Runs kernels over a pool of threads. Launches block their caller, who works along; several
 * threads may launch at once and share the pool.
 */
public final class PtxExecutor implements AutoCloseable {
  private final int threads;

  /**
   * @param threads threads that may work on one launch, the caller included; at least 1
   */
  public PtxExecutor(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1: " + threads);
    }
    this.threads = threads;
  }

  /** Threads that may work on one launch, the caller included. */
  public int threads() {
    return threads;
  }

  /**
   * Runs a kernel to its end.
   *
   * @param instance where to run
   * @param kernelName name of the kernel
   * @param shape extent of the launch
   * @param parameters the parameter block, laid out as {@link PtxKernel#parameters()} says; its
   *     remaining bytes are read without moving its position
   * @param control to cancel and to watch this launch
   * @throws KernelFault if the kernel fails or is cancelled
   * @throws IllegalArgumentException if there is no such kernel, the block doesn't fit {@code
   *     .reqntid}/{@code .maxntid}, shared memory passes {@link PtxKernel#MAX_SHARED_BYTES}, or the
   *     parameter block is too short
   */
  public void launch(
      PtxInstance instance,
      String kernelName,
      LaunchShape shape,
      ByteBuffer parameters,
      LaunchControl control)
      throws KernelFault {
    throw new IllegalArgumentException("no kernel named " + kernelName);
  }

  /** Ends the pool's threads after the launches that are running. */
  @Override
  public void close() {}
}
