// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.metrics.KernelMeter;
import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
import io.remora.v1.HandleKind;
import io.remora.wire.InboundFrame;
import io.remora.wire.WireWriter;
import org.jspecify.annotations.Nullable;

/**
 * One call of the client, and at the same time the work that it puts on a stream: the only object
 * that is made for each call. Belongs to the session's serial executor, as work to the queue.
 */
final class SessionCall extends QueuedWork implements CallContext {
  private final long sequence;
  private final int number;
  private final long contextHandle;
  private final boolean waiting;
  private @Nullable VirtualContext context;

  /** Where the objects and addresses live that were looked up; null before the first. */
  private @Nullable SessionDevice device;

  private @Nullable StreamWork work;
  private long key = FREE;
  private long startWithinNanos = Long.MAX_VALUE;
  private boolean refusable;
  private boolean partOfMore;
  private @Nullable InboundFrame held;
  private long heldBytes;
  private boolean over;
  private boolean more;
  private boolean waitsForHost;
  private @Nullable Runnable whenFinished;
  private @Nullable KernelMeter kernel;

  SessionCall(ClientSession session, long sequence, int number, long contextHandle) {
    super(session);
    this.sequence = sequence;
    this.number = number;
    this.contextHandle = contextHandle;
    this.waiting = Calls.isSync(number);
  }

  /** The session's side of what a handler is called with: there is no other. */
  static SessionCall own(CallContext call) {
    return (SessionCall) call;
  }

  @Override
  public long sequence() {
    return sequence;
  }

  @Override
  public int number() {
    return number;
  }

  @Override
  String label() {
    KernelMeter launched = kernel;
    return launched == null ? Calls.name(number) : launched.name();
  }

  @Override
  @Nullable KernelMeter kernel() {
    return kernel;
  }

  /** The device's ordinal on this server as far as it is known, or -1. */
  int deviceOrdinal() {
    SessionDevice found = device;
    return found == null ? -1 : found.description().ordinal();
  }

  /** Whether the client waits for an answer. */
  boolean isWaiting() {
    return waiting;
  }

  /** Whether the call has ended. */
  boolean isOver() {
    return over;
  }

  /**
   * The context that the call names.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_CONTEXT}
   */
  VirtualContext context() {
    VirtualContext found = context;
    if (found == null) {
      found = session.objects().context(contextHandle);
      context = found;
    }
    return found;
  }

  /**
   * Makes sure that the call's context is still the one that it has begun in.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_CONTEXT}
   */
  void checkContext() {
    if (session.objects().context(contextHandle) != context()) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_CONTEXT_VALUE, "the context of the copy is gone");
    }
  }

  /** The device of the call's context, or null if it names none. */
  @Nullable SessionDevice deviceOrNull() {
    return session.objects().deviceOf(contextHandle);
  }

  @Override
  public Domain domain() {
    SessionDevice found = device;
    return found == null ? context().device().domain() : found.domain();
  }

  @Override
  public Domain domainOf(HandleKind kind, long handle) {
    if (device == null) {
      // Looking it up says where it is.
      long unused = driverHandle(kind, handle);
    }
    return domain();
  }

  @Override
  public long driverHandle(HandleKind kind, long handle) {
    SessionObjects objects = session.objects();
    return switch (kind) {
      case STREAM -> {
        SessionStream stream = objects.stream(this, handle);
        isOn(stream.device());
        yield stream.driverStream();
      }
      case EVENT -> {
        SessionEvent event = objects.event(handle);
        isOn(event.device());
        yield event.completedDriverEvent();
      }
      case FUNCTION -> {
        SessionFunction function = objects.function(handle);
        SessionDevice known = device;
        SessionDevice where = known == null ? function.deviceNear(context().device()) : known;
        isOn(where);
        yield function.on(where).handle();
      }
      case MODULE -> {
        SessionModule module = objects.module(handle);
        isOn(module.device());
        yield module.description().module();
      }
      case CONTEXT,
          LIBRARY,
          MEMORY_POOL,
          GRAPH,
          GRAPH_NODE,
          GRAPH_EXEC,
          HANDLE_KIND_UNSPECIFIED,
          UNRECOGNIZED ->
          throw new CallException(
              CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "a driver has no handles of this kind");
    };
  }

  @Override
  public long checkRange(long address, long count, int unitBytes) {
    long bytes = MemoryRanges.length(count, unitBytes);
    MemoryRanges.checkAlignment(address, unitBytes);
    if (bytes != 0) {
      isOn(session.memory(address, bytes));
    }
    return bytes;
  }

  @Override
  public long checkRows(long address, long pitch, long count, int unitBytes, long rows) {
    long rowBytes = MemoryRanges.length(count, unitBytes);
    MemoryRanges.checkAlignment(address, unitBytes);
    long span = MemoryRanges.span(rowBytes, pitch, rows);
    if (span != 0) {
      isOn(session.memory(address, span));
    }
    return span == 0 ? 0 : rowBytes * rows;
  }

  /** Everything that one call names must be on one device. */
  private void isOn(SessionDevice found) {
    if (device == null) {
      device = found;
    } else if (device != found) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, "the arguments belong to different devices");
    }
  }

  @Override
  public void submit(long stream, long bytes, StreamWork streamWork) {
    SessionStream target = session.objects().stream(this, stream);
    isOn(target.device());
    submit(target, WorkKeys.ofBytes(number, bytes), streamWork);
  }

  /**
   * Puts the call's work on a stream.
   *
   * @param estimateKey see {@link io.remora.server.queue.Work#estimateKey}
   */
  void submit(SessionStream target, long estimateKey, StreamWork streamWork) {
    if (session.captures().takes(this, target, estimateKey, streamWork)) {
      return;
    }
    put(target, estimateKey, streamWork);
    if (estimateKey != FREE
        && target.device().synchronizesMemory()
        && target == target.context().legacy()) {
      target.orderForHost();
    }
  }

  /** Puts a launch on a stream that captures nothing. */
  void submit(SessionStream target, NodeWork.Kernel launch) {
    isOn(target.device());
    kernel = launch.meter();
    put(target, launch.key(), launch.work());
  }

  private void put(SessionStream target, long estimateKey, StreamWork streamWork) {
    prepare(estimateKey, streamWork);
    refusable = key != FREE && !partOfMore;
    session.submit(target, this);
  }

  /** Sets what the call does once it is put on a stream by its launch. */
  void prepare(long estimateKey, StreamWork streamWork) {
    key = estimateKey;
    work = streamWork;
  }

  /** Keeps the frame's bytes until the work is over. */
  void hold(InboundFrame frame, long bytes) {
    held = frame.retain();
    heldBytes = bytes;
  }

  /** Whether a frame's bytes are kept. */
  boolean holdsBytes() {
    return held != null;
  }

  /** Lets the frame's bytes go without any work. */
  void dropBytes() {
    InboundFrame frame = held;
    if (frame != null) {
      held = null;
      frame.close();
    }
  }

  /** The client wants the work to be issued within a time, or not at all. */
  void startWithin(long nanos) {
    startWithinNanos = nanos;
  }

  /** The call is a later part of something that has begun, so it can't be refused by itself. */
  void continuesAnother() {
    partOfMore = true;
  }

  @Override
  public boolean isRefusable() {
    return refusable;
  }

  @Override
  public long startWithinNanos() {
    return startWithinNanos;
  }

  /** The work ends only when something outside the device is over. */
  void waitForHost() {
    waitsForHost = true;
  }

  /** Sets what is run when the work is over, on any thread, as short as a signal. */
  void whenFinished(Runnable then) {
    whenFinished = then;
  }

  @Override
  public boolean waitsForHost() {
    return waitsForHost;
  }

  @Override
  public long estimateKey() {
    return key;
  }

  @Override
  public long bytes() {
    return heldBytes;
  }

  @Override
  void start(Domain domain, long driverStream) {
    StreamWork issued = work;
    if (issued == null) {
      throw new IllegalStateException("issued before it was submitted");
    }
    issued.issue(domain, driverStream, this);
  }

  @Override
  void finished(int result, String detail) {
    dropBytes();
    Runnable then = whenFinished;
    if (then != null) {
      then.run();
    }
    if (waiting || result != CUresult.CUDA_SUCCESS_VALUE) {
      session.signal(() -> workFinished(result, detail));
    }
  }

  private void workFinished(int result, String detail) {
    if (result == CUresult.CUDA_SUCCESS_VALUE) {
      succeed();
    } else {
      session.faults().workFailed(this, stream().device(), result, detail);
    }
  }

  @Override
  public void succeed() {
    if (end() && waiting) {
      session.outbox().answer(sequence, CUresult.CUDA_SUCCESS_VALUE, "");
    }
  }

  /** Sets whether further answers follow the next one; the call ends with one that says no. */
  void setMore(boolean follow) {
    more = follow;
  }

  @Override
  public WireWriter beginAnswer() {
    if (!more && !end()) {
      throw new IllegalStateException("call " + number + " was answered twice");
    }
    return session.outbox().beginAnswer(sequence, more);
  }

  @Override
  public void endAnswer() {
    session.outbox().endAnswer();
  }

  @Override
  public void fail(int result, String detail) {
    fail(result, detail, false);
  }

  /**
   * As {@link #fail(int, String)}.
   *
   * @param sticky whether every later call fails with the same result
   */
  void fail(int result, String detail, boolean sticky) {
    SessionDevice where = sticky ? null : whereItIs();
    if (where != null && session.faults().isLostBy(where, result)) {
      fail(result, where.faultDetail(), true);
      return;
    }
    if (!end()) {
      return;
    }
    session.failures().note(this, result, detail, sticky);
    if (waiting) {
      session.outbox().answer(sequence, result, detail);
    } else {
      session.errors().add(new DeferredErrors.Deferred(sequence, number, result, detail, sticky));
    }
  }

  private @Nullable SessionDevice whereItIs() {
    return device != null ? device : deviceOrNull();
  }

  /** Returns false if the call was over already. */
  private boolean end() {
    if (over) {
      return false;
    }
    over = true;
    if (waiting) {
      if (times != null) {
        times.callEnded(sequence, label(), true);
      }
      session.callTimes().waitingCallEnded();
    }
    return true;
  }
}
