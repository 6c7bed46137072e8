// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.Domain.Launch;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * A stream. Work goes to the driver at once, on the submitter's thread, and nothing is allocated
 * for a launch; it is kept back only behind a {@link StreamStop}, behind what waits for such a
 * stream, and when the driver has {@link #IN_FLIGHT_MAX} works already, because a full driver would
 * block the caller. One event, recorded behind all that there is, marks how far the stream has got:
 * when it has come, all before it is over, and it is recorded anew. Calls of the driver are made
 * with this object's lock held, observers are told without it.
 */
final class CudaStream {
  static final int IN_FLIGHT_MAX = 512;
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;

  enum Progress {
    NOTHING_NEW,
    SOME_ENDED,
    IDLE
  }

  private final CudaDomain domain;
  private final CudaContext context;
  private final CompletionPoller poller;
  private final int priority;
  private final StreamHandle handle = new StreamHandle();
  private final CUevent marker = new CUevent();
  private final StreamTiming timing;
  private final KernelParameters parameters = new KernelParameters();

  // Guarded by this.
  private final ArrayDeque<StreamItem> waiting = new ArrayDeque<>();
  private final ArrayDeque<Runnable> afterwards = new ArrayDeque<>();
  private final PendingWorks pending = new PendingWorks();
  private @Nullable StreamStop stoppedAt;
  private boolean proceeding;
  private boolean again;
  private int ended;
  private boolean marked;
  private long markedEnd;
  private boolean polled;
  private boolean destroyed;
  private boolean released;
  private long zeroedSeen;
  private int kernels;
  private @Nullable CudaFunction lastKernel;

  /** Owned by the poller's list of arrivals. */
  private @Nullable CudaStream nextArrival;

  CudaStream(CudaDomain domain, CudaContext context, CompletionPoller poller, int priority) {
    this.domain = domain;
    this.context = context;
    this.poller = poller;
    Cuda.require(
        JCudaDriver.cuStreamCreateWithPriority(
            handle, CUstream_flags.CU_STREAM_NON_BLOCKING, priority),
        "cuStreamCreateWithPriority");
    Cuda.require(JCudaDriver.cuEventCreate(marker, CudaEvent.DISABLE_TIMING), "cuEventCreate");
    timing = new StreamTiming(handle);
    this.priority = priority;
  }

  /** As the driver has it. */
  int priority() {
    return priority;
  }

  CudaDomain domain() {
    return domain;
  }

  StreamHandle handle() {
    return handle;
  }

  /** Puts a kernel on the stream. */
  void launch(CudaFunction function, Launch launch, WorkObserver observer) {
    boolean direct;
    boolean more;
    synchronized (this) {
      direct = isOpen();
      if (direct) {
        issueLaunch(function, launch, observer);
      }
      more = !afterwards.isEmpty();
    }
    if (!direct) {
      submit(new LaunchItem(function, launch, observer));
    } else if (more) {
      runAfterwards();
    }
  }

  /** Puts work on the stream. */
  void submit(StreamItem item) {
    int result;
    synchronized (this) {
      result = ended;
      if (result == OK && !(isOpen() && !(item instanceof StreamStop) && item.issue(this))) {
        waiting.addLast(item);
      }
    }
    if (result == OK) {
      proceed();
    } else {
      item.dropped(result);
    }
  }

  /** Gives the driver work of the stop that the stream stands at; false if the stream has ended. */
  boolean issueWhileStopped(IntSupplier work, WorkObserver observer) {
    synchronized (this) {
      if (ended != OK) {
        return false;
      }
      begin();
      accepted(work.getAsInt(), observer);
    }
    runAfterwards();
    return true;
  }

  /** The result with which the stream has ended. */
  synchronized int endResult() {
    return ended;
  }

  /** Something to be run when the stream's lock is free; with the lock held. */
  void afterwards(Runnable task) {
    afterwards.add(task);
  }

  private void runAfterwards() {
    while (true) {
      Runnable task;
      synchronized (this) {
        task = afterwards.pollFirst();
      }
      if (task == null) {
        return;
      }
      task.run();
    }
  }

  /** Whether work can go to the driver at once. */
  private boolean isOpen() {
    return ended == OK && waiting.isEmpty() && stoppedAt == null && pending.size() < IN_FLIGHT_MAX;
  }

  private void issueLaunch(CudaFunction function, Launch launch, WorkObserver observer) {
    begin();
    long end = pending.end();
    boolean timed = timing.begin(end);
    function.launch();
    int result = parameters.launch(function, launch, handle.address());
    if (timed) {
      timing.end();
    }
    kernels++;
    lastKernel = function;
    accepted(result, observer);
  }

  /** Called before each call of the driver, with the lock held. */
  void begin() {
    context.enter();
    long zeroed = domain.zeroing().number();
    if (zeroedSeen != zeroed) {
      zeroedSeen = zeroed;
      domain.zeroing().order(handle);
    }
  }

  /**
   * The driver has answered to a work; with the lock held. Whatever the answer, the work is over
   * when all before it is.
   */
  void accepted(int result, WorkObserver observer) {
    pending.add(observer, result);
    if (!marked) {
      mark();
    }
    if (!polled) {
      polled = true;
      poller.add(this);
    }
    if (result != OK && Cuda.endsContext(result)) {
      afterwards(() -> context.look(result, domain));
    }
  }

  private void mark() {
    markedEnd = pending.end();
    // Not noticed here: the query that follows answers the same.
    int unused = JCudaDriver.cuEventRecord(marker, handle);
    marked = true;
  }

  /** Gives the driver what may be given to it by now. Any thread, no lock held. */
  void proceed() {
    while (true) {
      StreamStop stop;
      synchronized (this) {
        if (proceeding) {
          again = true;
          return;
        }
        stop = issueWaiting();
        proceeding = stop != null;
        again = false;
      }
      runAfterwards();
      if (stop == null) {
        return;
      }
      boolean over = stop.run(this);
      synchronized (this) {
        proceeding = false;
        if (!over && !again) {
          return;
        }
      }
    }
  }

  /** The stop that the stream has come to, or null if there is nothing more to do now. */
  private @Nullable StreamStop issueWaiting() {
    while (stoppedAt == null && ended == OK) {
      StreamItem next = waiting.peekFirst();
      if (next instanceof StreamStop stop) {
        if (pending.size() > 0) {
          return null;
        }
        waiting.removeFirst();
        stoppedAt = stop;
        return stop;
      }
      if (next == null || pending.size() >= IN_FLIGHT_MAX || !next.issue(this)) {
        return null;
      }
      waiting.removeFirst();
    }
    return null;
  }

  /** The stop is over. */
  synchronized void resumed() {
    stoppedAt = null;
  }

  /** Looks what has ended; only the poller calls it. */
  Progress poll() {
    int result;
    long endedBefore;
    synchronized (this) {
      if (ended != OK || !marked) {
        polled = false;
        return Progress.IDLE;
      }
      context.enter();
      result = JCudaDriver.cuEventQuery(marker);
      if (result == CUresult.CUDA_ERROR_NOT_READY_VALUE) {
        return Progress.NOTHING_NEW;
      }
      endedBefore = markedEnd;
      marked = false;
    }
    if (result != OK) {
      context.look(result, domain);
      if (context.end() != OK) {
        return Progress.SOME_ENDED;
      }
    }
    deliver(endedBefore, result);
    synchronized (this) {
      if (pending.size() > 0 && !marked && ended == OK) {
        mark();
      }
    }
    proceed();
    return goOn();
  }

  private synchronized Progress goOn() {
    if (pending.size() > 0 || ended != OK) {
      return Progress.SOME_ENDED;
    }
    polled = false;
    releaseIfDone();
    return Progress.IDLE;
  }

  /** Tells the observers of all works before {@code end}, in order. */
  private void deliver(long end, int streamResult) {
    while (true) {
      WorkObserver observer;
      int result;
      long nanos;
      synchronized (this) {
        if (pending.first() >= end || pending.size() == 0) {
          return;
        }
        nanos = timing.nanosOf(pending.first());
        result = pending.firstResult() != OK ? pending.firstResult() : streamResult;
        observer = pending.removeFirst();
        if (pending.size() == 0) {
          kernels = 0;
        }
      }
      domain.tell(observer, result, nanos);
    }
  }

  /** Whether kernels are on the device, as far as is known. */
  synchronized boolean hasKernels() {
    return kernels > 0;
  }

  /** The name of the kernel that was launched last and may still run; empty if there is none. */
  synchronized String runningKernel() {
    CudaFunction kernel = lastKernel;
    return kernels > 0 && kernel != null ? kernel.name() : "";
  }

  synchronized boolean isIdle() {
    return pending.size() == 0 && waiting.isEmpty() && stoppedAt == null;
  }

  /** Ends the stream: what the driver has may go on, but nobody waits for it any more. */
  void end(int result) {
    List<StreamItem> dropped;
    List<WorkObserver> told = new ArrayList<>();
    StreamStop stop;
    synchronized (this) {
      if (ended != OK) {
        return;
      }
      ended = result;
      stop = stoppedAt;
      dropped = new ArrayList<>(waiting);
      waiting.clear();
      while (pending.size() > 0) {
        told.add(pending.removeFirst());
      }
    }
    told.forEach(observer -> domain.tell(observer, result, -1));
    if (stop != null) {
      stop.resume(result);
    }
    dropped.forEach(item -> item.dropped(result));
  }

  /** Returns when nobody is in the driver for this stream; it has ended, so nobody will be. */
  void letGo() {
    synchronized (this) {
      released = true;
    }
  }

  /** Destroys the stream when all work on it is over. */
  void destroy() {
    synchronized (this) {
      destroyed = true;
      if (ended == OK) {
        releaseIfDone();
      }
    }
  }

  private void releaseIfDone() {
    if (destroyed && !released && pending.size() == 0 && waiting.isEmpty() && stoppedAt == null) {
      release();
      domain.streamGone(this);
    }
  }

  /** Gives the driver's objects back; the caller holds the lock, or is the only one left. */
  void release() {
    if (!released) {
      released = true;
      context.enter();
      timing.destroy();
      int unused = JCudaDriver.cuEventDestroy(marker);
      unused = JCudaDriver.cuStreamDestroy(handle);
      parameters.free();
    }
  }

  /** Records the marker behind everything, so that {@link #isQuiet} can ask for it. */
  synchronized void markEnd() {
    if (!released) {
      context.enter();
      int unused = JCudaDriver.cuEventRecord(marker, handle);
    }
  }

  /** Whether the driver has finished all that was before {@link #markEnd}. */
  synchronized boolean isQuiet() {
    if (released) {
      return true;
    }
    context.enter();
    return JCudaDriver.cuEventQuery(marker) != CUresult.CUDA_ERROR_NOT_READY_VALUE;
  }

  void arrivesBefore(@Nullable CudaStream next) {
    nextArrival = next;
  }

  @Nullable CudaStream arrived() {
    CudaStream next = nextArrival;
    nextArrival = null;
    return next;
  }

  /** A launch that had to wait. */
  private record LaunchItem(CudaFunction function, Launch launch, WorkObserver observer)
      implements StreamItem {
    @Override
    public boolean issue(CudaStream stream) {
      stream.issueLaunch(function, launch, observer);
      return true;
    }

    @Override
    public void dropped(int result) {
      observer.onDone(result, -1);
    }
  }
}
