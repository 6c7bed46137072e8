// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.queue.Work;
import io.remora.v1.CUresult;

/** Events. Belongs to the session's serial executor. */
final class EventCalls {
  private static final int INTERPROCESS = 4;

  private final ClientSession session;

  EventCalls(ClientSession session) {
    this.session = session;
  }

  void cuEventCreate(SessionCall call, long handle, int flags) {
    SessionObjects objects = session.objects();
    objects.checkCreatable(objects.events(), handle);
    if ((flags & INTERPROCESS) != 0) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "events can't be shared between processes");
    }
    VirtualContext context = call.context();
    long driverEvent = context.device().domain().createEvent(flags);
    objects.create(
        objects.events(), handle, new SessionEvent(context, driverEvent, session.serial()));
    call.succeed();
  }

  void cuEventRecordWithFlags(SessionCall call, long eventHandle, long streamHandle, int flags) {
    SessionStream stream = session.objects().stream(call, streamHandle);
    SessionEvent event = session.objects().event(eventHandle);
    if (flags != 0 && stream.capture() == null) {
      throw CallException.invalidValue("external records belong to captured graphs");
    }
    if (event.device() != stream.device()) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "the event belongs to another device");
    }
    if (flags != 0) {
      boolean unused =
          session.captures().takes(call, stream, new NodeWork.EventRecord(event, eventHandle));
      return;
    }
    if (!session.captures().recordsEvent(call, stream, event)) {
      record(call, stream, event);
    }
  }

  /** Records an event on a stream of its device that isn't capturing. */
  void record(SessionCall call, SessionStream stream, SessionEvent event) {
    long number = event.recordBegins();
    long driverEvent = event.driverEvent();
    call.whenFinished(() -> event.recordEnded(number));
    try {
      call.submit(
          stream,
          Work.FREE,
          (domain, at, observer) -> domain.recordEvent(driverEvent, at, observer));
    } catch (RuntimeException notSubmitted) {
      event.recordEnded(number);
      throw notSubmitted;
    }
  }

  void cuEventQuery(SessionCall call, long handle) {
    SessionEvent event = session.objects().event(handle);
    Captures.refuse(event);
    if (event.isComplete()) {
      session.faults().answerAfterWait(call, event.device());
    } else {
      call.fail(CUresult.CUDA_ERROR_NOT_READY_VALUE, "");
    }
  }

  void cuEventSynchronize(SessionCall call, long handle) {
    SessionEvent event = session.objects().event(handle);
    Captures.refuse(event);
    event.whenComplete(() -> session.faults().answerAfterWait(call, event.device()));
  }

  void cuEventDestroy(SessionCall call, long handle) {
    SessionEvent event = session.objects().events().remove(handle);
    if (event == null) {
      throw new CallException(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "");
    }
    destroy(event);
    call.succeed();
  }

  /** Destroys an event that nobody can name any more, behind its records in the lane. */
  void destroy(SessionEvent event) {
    session.enqueue(
        event.context().legacy(),
        new StreamCalls.LaneStep(session, domain -> domain.destroyEvent(event.driverEvent())));
  }
}
