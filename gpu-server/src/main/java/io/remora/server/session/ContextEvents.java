// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;
import java.util.List;

/**
 * Events that stand for everything that was given to a context, and events for which all that it is
 * given later waits. The session has two streams of its own for that in each context, so that no
 * stream of the program waits for another one. Belongs to the session's serial executor.
 */
final class ContextEvents {
  private final ClientSession session;
  private final StreamCalls streams;
  private final EventCalls events;

  ContextEvents(ClientSession session, StreamCalls streams, EventCalls events) {
    this.session = session;
    this.streams = streams;
    this.events = events;
  }

  /** {@code cuCtxRecordEvent} of the call's context. */
  void record(SessionCall call, long eventHandle) {
    VirtualContext context = call.context();
    session.captures().refuseAll(context);
    SessionEvent event = session.objects().event(eventHandle);
    if (event.context() != context) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "the event belongs to another context");
    }
    SessionStream gathering = context.gathering();
    if (gathering == null) {
      gathering = ownStream(context);
      context.setGathering(gathering);
    }
    for (SessionStream stream : streamsOf(context)) {
      session.order().waitFor(stream, gathering);
    }
    event.setCapture(null);
    events.record(call, gathering, event);
  }

  /** {@code cuCtxWaitEvent} of the call's context. */
  void await(SessionCall call, long eventHandle) {
    VirtualContext context = call.context();
    session.captures().refuseAll(context);
    SessionEvent event = session.objects().event(eventHandle);
    Captures.refuseUse(event);
    if (!event.isRecorded() || event.isComplete()) {
      call.succeed();
      return;
    }
    SessionStream barrier = context.barrier();
    if (barrier == null) {
      barrier = ownStream(context);
      context.setBarrier(barrier);
    }
    streams.waitFor(call, barrier, event);
    for (SessionStream stream : streamsOf(context)) {
      session.order().waitFor(barrier, stream);
    }
  }

  /** It ends with its context, as the program's streams do. */
  private SessionStream ownStream(VirtualContext context) {
    SessionStream made = streams.inner(context.legacy());
    SessionObjects objects = session.objects();
    objects.create(objects.streams(), session.captures().newHandle(), made);
    return made;
  }

  /** The program's. */
  private List<SessionStream> streamsOf(VirtualContext context) {
    return session.objects().streamsOn(context.device()).stream()
        .filter(each -> each.context() == context)
        .filter(each -> each != context.gathering() && each != context.barrier())
        .toList();
  }
}
