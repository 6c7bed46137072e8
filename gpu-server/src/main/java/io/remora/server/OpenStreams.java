// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.watch.LiveSession;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The streams that hold a session, so that a stopping server can wait for them. */
final class OpenStreams {
  private final Set<SessionStream> streams = new HashSet<>();
  private @Nullable CountDownLatch empty;

  synchronized void add(SessionStream stream) {
    streams.add(stream);
  }

  synchronized void remove(SessionStream stream) {
    streams.remove(stream);
    if (streams.isEmpty() && empty != null) {
      empty.countDown();
    }
  }

  /** The stream of a session that is open; null if there is no such session. */
  @Nullable SessionStream find(String session) {
    for (SessionStream stream : snapshot()) {
      LiveSession live = stream.live();
      // One that has left may be back before what it was here is freed.
      if (live != null && live.id().equals(session) && !stream.isOver()) {
        return stream;
      }
    }
    return null;
  }

  synchronized List<SessionStream> snapshot() {
    return List.copyOf(streams);
  }

  /**
   * Waits until there are none.
   *
   * @return false if there still are some after {@code timeout}
   */
  boolean awaitEmpty(Duration timeout) throws InterruptedException {
    CountDownLatch none;
    synchronized (this) {
      if (streams.isEmpty()) {
        return true;
      }
      none = new CountDownLatch(1);
      empty = none;
    }
    return none.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }
}
