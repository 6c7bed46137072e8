// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The servers at which a session is looked for that its own server doesn't have, or that can't be
 * reached: a server that stops gives its sessions away, and can't tell a client that is cut off
 * just then. They are asked in rounds, one after the other. Belongs to the connection's loop.
 */
final class Elsewhere {
  /** A server may be gone for so long before the others are asked, and between two rounds. */
  static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final List<String> named;
  private final Deque<String> left = new ArrayDeque<>();
  private @Nullable String own;
  private boolean allRefused;
  private long dueAt;

  /**
   * @param named all servers that the user has named, HOST:PORT
   */
  Elsewhere(List<String> named) {
    this.named = named;
  }

  /** The session's server is another one, or was there just now. */
  void begin(long nanos) {
    own = null;
    left.clear();
    dueAt = nanos + AGAIN_NANOS;
  }

  /** Whether another server than the session's own is being asked. */
  boolean isAsking() {
    return own != null;
  }

  /**
   * The session's own server has failed; begins a round if it is time for one.
   *
   * @param refused whether it has said that it doesn't have the session
   */
  void ownFailed(String server, boolean refused, long nanos) {
    if (!refused && nanos - dueAt < 0) {
      return;
    }
    dueAt = nanos + AGAIN_NANOS;
    named.stream().filter(each -> !each.equals(server)).forEach(left::add);
    if (!left.isEmpty()) {
      own = server;
      allRefused = refused;
    }
  }

  /**
   * The server that was asked has failed.
   *
   * @param refused whether it has said that it doesn't have the session
   */
  void failed(boolean refused) {
    allRefused &= refused;
  }

  /** The server to ask next; null if the round is over. */
  @Nullable String next() {
    return left.poll();
  }

  /**
   * Ends the round.
   *
   * @return the session's own server
   */
  String end() {
    String server = own;
    if (server == null) {
      throw new IllegalStateException("no server was asked");
    }
    own = null;
    return server;
  }

  /** Whether in the last round each server has said that it doesn't have the session. */
  boolean allRefused() {
    return allRefused;
  }
}
