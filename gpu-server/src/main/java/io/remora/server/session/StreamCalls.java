// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Domain;
import io.remora.server.queue.Work;
import io.remora.v1.CUresult;
import java.util.function.Consumer;

/** Streams. Belongs to the session's serial executor. */
final class StreamCalls {
  private final ClientSession session;

  StreamCalls(ClientSession session) {
    this.session = session;
  }

  void cuStreamCreateWithPriority(SessionCall call, long handle, int flags, int priority) {
    SessionObjects objects = session.objects();
    objects.checkCreatable(objects.streams(), handle);
    VirtualContext context = call.context();
    DeviceDescription device = context.device().description();
    // As CUDA does, a priority out of range is taken to the nearest end.
    int clamped =
        Math.max(device.streamPriorityGreatest(), Math.min(device.streamPriorityLeast(), priority));
    // The order with the legacy stream is the session's affair: see StreamOrder.
    long driverStream =
        context
            .device()
            .domain()
            .createStream(
                StreamFlags.NON_BLOCKING, objects.driverPriority(context.device(), clamped));
    SessionStream stream =
        new SessionStream(context, driverStream, flags, clamped, session.serial());
    objects.create(objects.streams(), handle, stream);
    SessionStream barrier = context.barrier();
    if (barrier != null) {
      session.order().waitFor(barrier, stream);
    }
    call.succeed();
  }

  /** A stream of the session's own for work that another stream stands still for. */
  SessionStream inner(SessionStream outer) {
    VirtualContext context = outer.context();
    SessionObjects objects = session.objects();
    long driverStream =
        context
            .device()
            .domain()
            .createStream(
                StreamFlags.NON_BLOCKING,
                objects.driverPriority(context.device(), outer.priority()));
    return new SessionStream(
        context, driverStream, StreamFlags.NON_BLOCKING, outer.priority(), session.serial());
  }

  void cuStreamDestroy(SessionCall call, long handle) {
    SessionStream stream = session.objects().streams().remove(handle);
    if (stream == null) {
      throw new CallException(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "");
    }
    destroy(stream);
    call.succeed();
  }

  /** Destroys a stream that nobody can name any more; its work still runs. */
  void destroy(SessionStream stream) {
    session.captures().streamEnds(stream);
    session.order().streamEnds(stream);
    stream.context().streamEnds(stream);
    long orderEvent = stream.orderEvent();
    session.enqueue(
        stream,
        new LaneStep(
            session,
            domain -> {
              if (orderEvent != 0) {
                domain.destroyEvent(orderEvent);
              }
              domain.destroyStream(stream.driverStream());
            }));
  }

  void cuStreamQuery(SessionCall call, long handle) {
    SessionStream stream = session.objects().stream(call, handle);
    session.captures().refuse(stream);
    if (stream.isIdle()) {
      session.faults().answerAfterWait(call, stream.device());
    } else {
      call.fail(CUresult.CUDA_ERROR_NOT_READY_VALUE, "");
    }
  }

  void cuStreamSynchronize(SessionCall call, long handle) {
    SessionStream stream = session.objects().stream(call, handle);
    session.captures().refuse(stream);
    stream.whenIdle(() -> session.faults().answerAfterWait(call, stream.device()));
  }

  void cuStreamWaitEvent(SessionCall call, long handle, long eventHandle, int flags) {
    SessionStream stream = session.objects().stream(call, handle);
    SessionEvent event = session.objects().event(eventHandle);
    if (flags != 0) {
      if (!session.captures().takes(call, stream, new NodeWork.EventWait(event, eventHandle))) {
        throw CallException.invalidValue("external waits belong to captured graphs");
      }
      return;
    }
    if (session.captures().waitsForEvent(call, stream, event)) {
      return;
    }
    waitFor(call, stream, event);
  }

  /** Makes a stream that isn't capturing wait for an event that no captured call has recorded. */
  void waitFor(SessionCall call, SessionStream stream, SessionEvent event) {
    if (!event.isRecorded() || event.isComplete()) {
      call.succeed();
      return;
    }
    if (event.device() == stream.device()) {
      long driverEvent = event.driverEvent();
      call.submit(
          stream, Work.FREE, (domain, at, observer) -> domain.waitEvent(at, driverEvent, observer));
    } else {
      // Lanes of different devices have no order, so the session itself holds the stream.
      Gate gate = new Gate(session);
      event.whenComplete(gate::open);
      call.waitForHost();
      call.submit(stream, Work.FREE, gate::pause);
    }
  }

  /** Something of the session's own that happens when the lane gets there. */
  static final class LaneStep extends QueuedWork {
    private final Consumer<Domain> step;

    LaneStep(ClientSession session, Consumer<Domain> step) {
      super(session);
      this.step = step;
    }

    @Override
    void start(Domain domain, long driverStream) {
      step.accept(domain);
      onDone(CUresult.CUDA_SUCCESS_VALUE, 0);
    }

    @Override
    void finished(int result, String detail) {}
  }
}
