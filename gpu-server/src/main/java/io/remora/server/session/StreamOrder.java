// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import java.util.List;

/**
 * Keeps CUDA's order between a context's legacy stream and its other streams, by events: work on
 * the legacy stream waits for all earlier work of the blocking streams, and later work of the
 * blocking streams waits for it. Streams that were made non-blocking are exempt, but for work that
 * a program takes as done when the call returns, such as {@code cuMemcpyHtoD}. Belongs to the
 * session's serial executor.
 */
final class StreamOrder {
  private static final int EVENT_DISABLE_TIMING = 2;

  private final ClientSession session;

  StreamOrder(ClientSession session) {
    this.session = session;
  }

  /** Called before each work of the program is put on a stream. */
  void beforeWork(SessionStream stream) {
    VirtualContext context = stream.context();
    SessionStream legacy = context.legacy();
    if (stream == legacy) {
      if (!context.aheadOfLegacy().isEmpty()) {
        waitForBlockingStreams(context);
      }
    } else {
      long mustSee = stream.isBlocking() ? legacy.programWorks() : legacy.hostOrdered();
      if (stream.legacySeen() < mustSee) {
        waitFor(legacy, stream);
        stream.sawLegacy(legacy.programWorks());
      }
      if (stream.isBlocking() && !stream.isAheadOfLegacy()) {
        stream.setAheadOfLegacy(true);
        context.aheadOfLegacy().add(stream);
      }
    }
    stream.programWorkBegins();
  }

  /** A stream is being destroyed: what it still has to do stays ordered before legacy work. */
  void streamEnds(SessionStream stream) {
    if (stream.isAheadOfLegacy()) {
      stream.setAheadOfLegacy(false);
      stream.context().aheadOfLegacy().remove(stream);
      waitFor(stream, stream.context().legacy());
    }
  }

  private void waitForBlockingStreams(VirtualContext context) {
    List<SessionStream> ahead = context.aheadOfLegacy();
    for (SessionStream stream : ahead) {
      stream.setAheadOfLegacy(false);
      waitFor(stream, context.legacy());
    }
    ahead.clear();
  }

  /** Makes later work on one stream wait for what the program has put on another one so far. */
  void waitFor(SessionStream first, SessionStream then) {
    if (first.isIdle()) {
      return;
    }
    Domain domain = first.device().domain();
    if (first.orderEvent() == 0) {
      first.setOrderEvent(domain.createEvent(EVENT_DISABLE_TIMING));
    }
    long event = first.orderEvent();
    if (!first.isRecorded()) {
      first.recorded();
      session.enqueue(
          first, new OrderWork(session, (at, stream, done) -> at.recordEvent(event, stream, done)));
    }
    session.enqueue(
        then, new OrderWork(session, (at, stream, done) -> at.waitEvent(stream, event, done)));
  }

  /** A record or wait of the session's own; a failure shows in the program's work around it. */
  private static final class OrderWork extends QueuedWork {
    private final CallContext.StreamWork work;

    OrderWork(ClientSession session, CallContext.StreamWork work) {
      super(session);
      this.work = work;
    }

    @Override
    void start(Domain domain, long driverStream) {
      work.issue(domain, driverStream, this);
    }

    @Override
    void finished(int result, String detail) {}
  }
}
