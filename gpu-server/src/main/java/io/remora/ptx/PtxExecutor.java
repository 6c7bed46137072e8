// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import io.remora.ptx.exec.CompiledKernel;
import io.remora.ptx.exec.Launch;
import io.remora.ptx.exec.WorkerPool;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Runs kernels over a pool of threads. Launches block their caller, who works along; several
 * threads may launch at once and share the pool.
 */
public final class PtxExecutor implements AutoCloseable {
  private final int threads;
  private final WorkerPool pool;

  /**
   * @param threads threads that may work on one launch, the caller included; at least 1
   */
  public PtxExecutor(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1: " + threads);
    }
    this.threads = threads;
    this.pool = new WorkerPool(threads - 1);
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
   *     .reqntid}/{@code .maxntid}, the clusters don't fit the kernel or the grid, shared memory
   *     passes {@link PtxKernel#MAX_SHARED_BYTES}, or the parameter block is too short
   */
  public void launch(
      PtxInstance instance,
      String kernelName,
      LaunchShape shape,
      ByteBuffer parameters,
      LaunchControl control)
      throws KernelFault {
    CompiledKernel compiled = instance.module().compiled().kernels().get(kernelName);
    if (compiled == null) {
      throw new IllegalArgumentException("the module has no kernel named " + kernelName);
    }
    check(compiled.kernel(), shape, parameters);
    ClusterShape cluster = compiled.kernel().clusters().of(shape);
    var launch =
        new Launch(
            compiled,
            instance.memory().memory(),
            instance.memory().images(),
            instance.addresses(),
            shape.withCluster(cluster),
            parameters,
            control,
            control::addFinishedBlocks,
            threads);
    pool.run(launch);
    KernelFault fault = launch.outcome();
    if (fault != null) {
      throw fault;
    }
  }

  private static void check(PtxKernel kernel, LaunchShape shape, ByteBuffer parameters) {
    if (shape.threadsPerBlock() > kernel.maxThreadsPerBlock()) {
      throw new IllegalArgumentException(
          kernel.name()
              + " takes at most "
              + kernel.maxThreadsPerBlock()
              + " threads in a block, not "
              + shape.threadsPerBlock());
    }
    List<Integer> block = List.of(shape.blockX(), shape.blockY(), shape.blockZ());
    if (!kernel.requiredBlock().isEmpty() && !kernel.requiredBlock().equals(block)) {
      throw new IllegalArgumentException(
          kernel.name() + " takes only blocks of " + kernel.requiredBlock() + ", not " + block);
    }
    long shared = (long) kernel.staticSharedBytes() + shape.dynamicSharedBytes();
    if (shared > PtxKernel.MAX_SHARED_BYTES) {
      throw new IllegalArgumentException(
          kernel.name()
              + " would have "
              + shared
              + " bytes of shared memory; the most is "
              + PtxKernel.MAX_SHARED_BYTES);
    }
    if (parameters.remaining() < kernel.parameterBytes()) {
      throw new IllegalArgumentException(
          kernel.name()
              + " has "
              + kernel.parameterBytes()
              + " bytes of parameters, but only "
              + parameters.remaining()
              + " were given");
    }
  }

  /** Ends the pool's threads after the launches that are running. */
  @Override
  public void close() {
    pool.close();
  }
}
