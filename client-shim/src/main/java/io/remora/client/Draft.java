// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.wire.WireWriter;
import org.jspecify.annotations.Nullable;

/**
 * A thread's call where there are several servers: which of them it is for is seen when its
 * arguments are there. Only then it gets a number, and the lock of that server's sender, which the
 * draft remembers until the call is over. Used by its own thread only.
 */
final class Draft {
  private static final int BYTES = 512;

  private final WireWriter arguments = new WireWriter(BYTES);
  private int number;
  private long context;
  private @Nullable Destination open;

  /** Begins a call; gives the place for its arguments. */
  WireWriter begin(int newNumber, long newContext) {
    arguments.reset();
    number = newNumber;
    context = newContext;
    return arguments;
  }

  /** Begins a call whose server is known, straight in that server's frame. */
  WireWriter begin(int newNumber, Destination destination) {
    WireWriter out = destination.sender().begin(newNumber, destination.context());
    open = destination;
    return out;
  }

  /** The destination of the call, in whose frame its arguments are when this returns. */
  Destination settle(Servers servers) {
    Destination known = open;
    if (known != null) {
      return known;
    }
    Destination found = servers.destination(number, context, arguments);
    WireWriter out = found.sender().begin(number, found.context());
    open = found;
    out.append(arguments);
    return found;
  }

  /** The call is over: what wasn't sent is forgotten. */
  void release() {
    Destination sent = open;
    if (sent != null) {
      open = null;
      sent.sender().release();
    }
  }
}
