// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.wire.WireException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;
import jcuda.driver.CUresult;

/**
 * The thread that makes copies between servers and lets streams go on that waited for one another.
 * The threads that run the program's host functions never wait for it.
 */
final class AcrossThread implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AcrossThread.class.getName());

  private final Servers servers;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread worker = new Thread(task, "remora-across");
            worker.setDaemon(true);
            return worker;
          });

  AcrossThread(Servers servers) {
    this.servers = servers;
  }

  /**
   * Leaves the thread a job; doesn't block.
   *
   * @param job answers a {@code CUresult}
   * @param then gets it, whatever the job has come to
   */
  void post(IntSupplier job, IntConsumer then) {
    try {
      thread.execute(() -> then.accept(run(job)));
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "the connections are closed, nothing waits any more");
    }
  }

  private int run(IntSupplier job) {
    ThreadState state = servers.thread();
    state.makeOwn();
    try {
      return job.getAsInt();
    } catch (WireException e) {
      servers.at(state.server()).broken(e);
      return CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE;
    }
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
