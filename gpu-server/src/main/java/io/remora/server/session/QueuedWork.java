// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.WorkObserver;
import io.remora.server.metrics.KernelMeter;
import io.remora.server.metrics.WorkTimes;
import io.remora.server.queue.Work;
import io.remora.v1.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * A piece of work on a session's stream, from its submission to its end. It is its own observer, so
 * that a launch needs no further object. Created on the session's serial executor; issued and ended
 * on any thread.
 */
abstract class QueuedWork implements Work, WorkObserver {
  private static final WorkObserver NOT_ISSUED = WorkObserver.NONE;

  final ClientSession session;
  private SessionStream stream;
  private WorkEpochs.Epoch epoch;
  private WorkObserver queue = NOT_ISSUED;
  private boolean begun;
  private boolean ended;

  /** Made only while the session is traced; set before the work is given to a lane. */
  @Nullable WorkTimes times;

  @SuppressWarnings("NullAway.Init") // submitted() is called before anything else.
  QueuedWork(ClientSession session) {
    this.session = session;
  }

  /** Called once, before the work is given to a lane. */
  final void submitted(SessionStream onStream, WorkEpochs.Epoch inEpoch) {
    stream = onStream;
    epoch = inEpoch;
    if (times != null) {
      times.submitted();
    }
  }

  /** The stream that the work is on. */
  final SessionStream stream() {
    return stream;
  }

  /** The call by which it came about; 0 if it only keeps an order. */
  long sequence() {
    return 0;
  }

  /** For people: the kernel, or the call. */
  String label() {
    return "order";
  }

  /** The kernel whose device time this is; null if it is no launch of one kernel. */
  @Nullable KernelMeter kernel() {
    return null;
  }

  /** Gives the work to the driver, with this as the observer. */
  abstract void start(Domain domain, long driverStream);

  /**
   * The work is over. Any thread; must be short and neither block nor call the driver.
   *
   * @param result {@code CUDA_SUCCESS} or why it failed
   * @param detail for people; may be empty
   */
  abstract void finished(int result, String detail);

  @Override
  public long estimateKey() {
    return FREE;
  }

  @Override
  public long bytes() {
    return 0;
  }

  @Override
  public final void issue(WorkObserver observer) {
    queue = observer;
    Residency residency = stream.device().residency();
    if (residency.isTracked()) {
      residency.enter(this::begin);
    } else {
      begin();
    }
  }

  private void begin() {
    begun = true;
    if (times != null) {
      times.issued();
    }
    try {
      start(stream.device().domain(), stream.driverStream());
    } catch (DriverException refused) {
      end(refused.result(), refused.detail(), 0);
    } catch (RuntimeException defect) {
      session.defect(defect);
      end(CUresult.CUDA_ERROR_UNKNOWN_VALUE, "", 0);
    }
  }

  @Override
  public final void onDone(int result, long deviceNanos) {
    end(result, "", deviceNanos);
  }

  @Override
  public final void dropped(int result) {
    end(result, whyDropped(result), -1);
  }

  private static String whyDropped(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_TIMEOUT_VALUE ->
          "the work could not be started in the time that the client or the tenant's queue allows;"
              + " nothing of it was done";
      case CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES_VALUE ->
          "the session's queue is full and its tenant's policy is to reject; synchronise more often";
      default -> "the session ended before this was started";
    };
  }

  private void end(int result, String detail, long deviceNanos) {
    if (ended) {
      return;
    }
    ended = true;
    Residency residency = stream.device().residency();
    if (begun && residency.isTracked()) {
      residency.leave();
    }
    // The queue first: somebody else's work may be waiting for the device.
    queue.onDone(result, deviceNanos);
    measured(result, deviceNanos);
    finished(result, detail);
    epoch.workEnded();
    // Last, so that whoever waits for the stream hears of a failure before it is woken.
    stream.workEnded();
  }

  private void measured(int result, long deviceNanos) {
    KernelMeter kernel = kernel();
    if (kernel != null) {
      kernel.ran(deviceNanos);
    }
    WorkTimes recorded = times;
    if (recorded != null) {
      recorded.workEnded(
          sequence(),
          label(),
          stream.device().description().ordinal(),
          stream.driverStream(),
          deviceNanos,
          result);
    }
  }
}
