// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.DomainImage.EventImage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An event: its latest record is what counts for queries and for waits that come after it. */
final class SoftwareEvent {
  private static final int DISABLE_TIMING = 2;

  private final boolean timed;
  private volatile @Nullable Record latest;

  SoftwareEvent(boolean timed) {
    this.timed = timed;
  }

  /** An event that was recorded already. */
  static SoftwareEvent of(EventImage image) {
    var event = new SoftwareEvent((image.flags() & DISABLE_TIMING) == 0);
    Long nanos = image.recordedNanos();
    if (nanos != null) {
      event.newRecord().complete(nanos);
    }
    return event;
  }

  /** The event as it can be made again; no record is pending. */
  EventImage image(long handle) {
    Record record = latest;
    return new EventImage(
        handle, timed ? 0 : DISABLE_TIMING, record == null ? null : record.nanos());
  }

  boolean isTimed() {
    return timed;
  }

  /** The latest record, or null if the event was never recorded. */
  @Nullable Record latest() {
    return latest;
  }

  /** A new record, which completes when a stream gets there. */
  Record newRecord() {
    var record = new Record();
    latest = record;
    return record;
  }

  /** One recording of an event. */
  static final class Record {
    // Guarded by this until done.
    private @Nullable List<Runnable> waiters;
    private long nanos;
    private volatile boolean done;

    boolean isDone() {
      return done;
    }

    /** The device's clock when the stream got there; only when done. */
    long nanos() {
      return nanos;
    }

    void complete(long nowNanos) {
      List<Runnable> told;
      synchronized (this) {
        nanos = nowNanos;
        done = true;
        told = waiters;
        waiters = null;
      }
      if (told != null) {
        told.forEach(Runnable::run);
      }
    }

    /** Runs the waiter when the record is done, perhaps at once. */
    void whenDone(Runnable waiter) {
      synchronized (this) {
        if (!done) {
          if (waiters == null) {
            waiters = new ArrayList<>(1);
          }
          waiters.add(waiter);
          return;
        }
      }
      waiter.run();
    }
  }
}
