// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.client.RemoteCuda;
import io.remora.it.programs.NBody;
import io.remora.it.programs.NBodyState;
import io.remora.it.programs.ProgramResult;
import io.remora.it.remote.RemoteGpu;
import java.util.concurrent.CountDownLatch;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import org.jspecify.annotations.Nullable;

/**
 * One tenant's simulation: keeps its stream busy until it is told to stop, and then checks a step.
 * Owned by the demo; {@link #run} is the tenant's thread.
 */
final class NBodyRun implements Runnable {
  /** Steps between two events; the stream always has between one and two batches to do. */
  private static final int BATCH_STEPS = 8;

  private static final int BODIES_CHECKED = 64;

  private final RemoteCuda cuda;
  private final NBodyState initial;
  private final CountDownLatch busy = new CountDownLatch(1);
  private final CountDownLatch stop = new CountDownLatch(1);
  private volatile @Nullable Outcome outcome;
  private volatile @Nullable RuntimeException failure;

  /**
   * What came of it.
   *
   * @param state the bodies at the end
   * @param lastStep the comparison of one more step with the host
   */
  record Outcome(NBodyState state, ProgramResult lastStep) {}

  NBodyRun(RemoteCuda cuda, NBodyState initial) {
    this.cuda = cuda;
    this.initial = initial;
  }

  @Override
  public void run() {
    try {
      simulate();
    } catch (RuntimeException e) {
      failure = e;
    } finally {
      busy.countDown();
    }
  }

  private void simulate() {
    RemoteGpu gpu = new RemoteGpu(cuda, 0);
    CUevent[] events = {new CUevent(), new CUevent()};
    for (CUevent event : events) {
      cuda.cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING);
    }
    try (NBody bodies = new NBody(gpu, initial)) {
      for (long batch = 0; stop.getCount() > 0; batch++) {
        CUevent event = events[(int) (batch % 2)];
        if (batch >= 2) {
          cuda.cuEventSynchronize(event);
          busy.countDown();
        }
        bodies.step(BATCH_STEPS);
        cuda.cuEventRecord(event, null);
      }
      gpu.synchronize();
      ProgramResult lastStep = bodies.checkedStep(BODIES_CHECKED);
      outcome = new Outcome(bodies.state(), lastStep);
    }
    for (CUevent event : events) {
      cuda.cuEventDestroy(event);
    }
  }

  /** Waits until the first work is done, so that code is loaded and compiled. */
  void awaitBusy() throws InterruptedException {
    busy.await();
    rethrow();
  }

  /** Ends the loop; the thread then checks its last step and ends. */
  void stop() {
    stop.countDown();
  }

  /** The result, once the thread has ended. */
  Outcome outcome() {
    rethrow();
    Outcome result = outcome;
    if (result == null) {
      throw new IllegalStateException("the simulation has not ended");
    }
    return result;
  }

  private void rethrow() {
    RuntimeException thrown = failure;
    if (thrown != null) {
      throw thrown;
    }
  }
}
