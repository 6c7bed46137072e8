// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;
import org.jspecify.annotations.Nullable;

/** An event of a session. Belongs to the session's serial executor but for {@link #recordEnded}. */
final class SessionEvent {
  private final VirtualContext context;
  private final long driverEvent;
  private final EndCounter records;

  /** What it stands for if a captured call recorded it last. */
  private Capture.@Nullable OfEvent capture;

  /** Whether it was ever recorded. */
  private boolean recorded;

  /**
   * @param driverEvent the driver's handle
   */
  SessionEvent(VirtualContext context, long driverEvent, SerialExecutor serial) {
    this.context = context;
    this.driverEvent = driverEvent;
    this.records = new EndCounter(serial);
  }

  VirtualContext context() {
    return context;
  }

  SessionDevice device() {
    return context.device();
  }

  long driverEvent() {
    return driverEvent;
  }

  /**
   * The driver's handle, for calls that read the event now.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_HANDLE} if it was never recorded, {@code
   *     CUDA_ERROR_NOT_READY} if its record still waits, perhaps in the queue where the driver
   *     doesn't know of it
   */
  long completedDriverEvent() {
    if (!recorded) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "the event was never recorded");
    }
    if (!isComplete()) {
      throw new CallException(CUresult.CUDA_ERROR_NOT_READY_VALUE, "");
    }
    return driverEvent;
  }

  Capture.@Nullable OfEvent capture() {
    return capture;
  }

  void setCapture(Capture.@Nullable OfEvent newCapture) {
    capture = newCapture;
  }

  boolean isRecorded() {
    return recorded;
  }

  /** Whether the latest record does not wait for its stream, in the queue or on the device. */
  boolean isComplete() {
    return records.isIdle();
  }

  /** Runs {@code then} when the latest record so far is over. */
  void whenComplete(Runnable then) {
    records.whenIdle(then);
  }

  /** Returns the record's number. The latest one is what the event stands for. */
  long recordBegins() {
    recorded = true;
    return records.begin();
  }

  /** Any thread. */
  void recordEnded(long number) {
    records.ended(number);
  }

  /** It was recorded, on the server that the session comes from; no record is pending. */
  void wasRecorded() {
    recorded = true;
  }
}
