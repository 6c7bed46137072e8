// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DomainImage.EventImage;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * An event. Its state is that of its latest record, which may not have got to the driver yet. The
 * driver's event lives until no work that waits for its turn needs it.
 */
final class CudaEvent {
  static final int DISABLE_TIMING = 2;
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;

  private final CudaContext context;
  private final CUevent event = new CUevent();
  private final boolean timed;
  private final LongSupplier nanoClock;

  // Guarded by this.
  private @Nullable Record latest;
  private int uses;
  private boolean destroyed;

  /**
   * @param flags {@code CUevent_flags}
   * @param nanoClock tells when a record was seen to be over
   */
  CudaEvent(CudaContext context, int flags, LongSupplier nanoClock) {
    this.context = context;
    this.nanoClock = nanoClock;
    this.timed = (flags & DISABLE_TIMING) == 0;
    Cuda.require(JCudaDriver.cuEventCreate(event, timed ? 0 : DISABLE_TIMING), "cuEventCreate");
  }

  /** An event of another context, whose latest record is over. */
  static CudaEvent of(CudaContext context, EventImage image, LongSupplier nanoClock) {
    CudaEvent event = new CudaEvent(context, image.flags(), nanoClock);
    Long nanos = image.recordedNanos();
    if (nanos != null) {
      event.latest = new Record(event, nanos);
    }
    return event;
  }

  /** The event as it can be made again; no record is pending. */
  EventImage image(long handle) {
    Record record = latest();
    return new EventImage(
        handle, timed ? 0 : DISABLE_TIMING, record == null ? null : record.endNanos());
  }

  CUevent event() {
    return event;
  }

  boolean isTimed() {
    return timed;
  }

  synchronized @Nullable Record latest() {
    return latest;
  }

  private synchronized void use() {
    uses++;
  }

  private void unuse() {
    synchronized (this) {
      uses--;
    }
    freeIfUnused();
  }

  void destroy() {
    synchronized (this) {
      destroyed = true;
    }
    freeIfUnused();
  }

  private void freeIfUnused() {
    synchronized (this) {
      if (!destroyed || uses > 0) {
        return;
      }
      uses = Integer.MAX_VALUE;
    }
    context.ifAlive(
        () -> {
          int unused = JCudaDriver.cuEventDestroy(event);
        });
  }

  /** One record of the event. */
  static final class Record implements StreamItem, WorkObserver {
    private final CudaEvent event;
    private final WorkObserver observer;
    private final List<Runnable> whenIssued = new ArrayList<>();
    private boolean issued;
    private final boolean restored;
    private long endNanos;
    private volatile boolean done;

    private Record(CudaEvent event, WorkObserver observer) {
      this.event = event;
      this.observer = observer;
      this.restored = false;
    }

    /** A record that came to its end in another context. */
    private Record(CudaEvent event, long endNanos) {
      this.event = event;
      this.observer = WorkObserver.NONE;
      this.issued = true;
      this.restored = true;
      this.endNanos = endNanos;
      this.done = true;
    }

    /** Whether this context's event doesn't know of it. */
    boolean isRestored() {
      return restored;
    }

    /** When it was seen to be over, which it is. */
    long endNanos() {
      return endNanos;
    }

    boolean isDone() {
      return done;
    }

    @Override
    public boolean issue(CudaStream stream) {
      stream.begin();
      int result = JCudaDriver.cuEventRecord(event.event, stream.handle());
      stream.accepted(result, this);
      nowIssued(stream);
      return true;
    }

    /** Other streams may go on; not now, because a lock is held. */
    private void nowIssued(CudaStream stream) {
      List<Runnable> waiting;
      synchronized (this) {
        issued = true;
        waiting = List.copyOf(whenIssued);
        whenIssued.clear();
      }
      waiting.forEach(stream::afterwards);
      stream.afterwards(event::unuse);
    }

    /** Whether the driver knows the record; if not, {@code then} is run when it does. */
    synchronized boolean isIssuedOr(@Nullable Runnable then) {
      if (!issued && then != null) {
        whenIssued.add(then);
      }
      return issued;
    }

    @Override
    public void dropped(int result) {
      List<Runnable> waiting;
      synchronized (this) {
        issued = true;
        waiting = List.copyOf(whenIssued);
        whenIssued.clear();
      }
      onDone(result, -1);
      waiting.forEach(Runnable::run);
      event.unuse();
    }

    @Override
    public void onDone(int result, long deviceNanos) {
      endNanos = event.nanoClock.getAsLong();
      done = true;
      observer.onDone(result, 0);
    }
  }

  /** A record that is to be put on a stream; from now on the event's state is its state. */
  Record newRecord(WorkObserver observer) {
    Record made = new Record(this, observer);
    synchronized (this) {
      uses++;
      latest = made;
    }
    return made;
  }

  /** Work that makes a stream wait for the latest record. */
  StreamItem newWait(WorkObserver observer) {
    use();
    return new Wait(this, latest(), observer);
  }

  private static final class Wait implements StreamItem {
    private final CudaEvent event;
    private final @Nullable Record record;
    private final WorkObserver observer;
    private boolean asked;

    Wait(CudaEvent event, @Nullable Record record, WorkObserver observer) {
      this.event = event;
      this.record = record;
      this.observer = observer;
    }

    @Override
    public boolean issue(CudaStream stream) {
      int result = OK;
      if (record != null && !record.isDone()) {
        if (!isIssued(record, stream)) {
          return false;
        }
        stream.begin();
        // A later record of the event, if there is one by now, stands for more work, not for less.
        result = JCudaDriver.cuStreamWaitEvent(stream.handle(), event.event, 0);
      }
      stream.accepted(result, observer);
      stream.afterwards(event::unuse);
      return true;
    }

    private boolean isIssued(Record of, CudaStream stream) {
      boolean first = !asked;
      asked = true;
      return of.isIssuedOr(first ? stream::proceed : null);
    }

    @Override
    public void dropped(int result) {
      observer.onDone(result, 0);
      event.unuse();
    }
  }
}
