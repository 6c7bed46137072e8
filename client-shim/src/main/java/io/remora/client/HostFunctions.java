// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Functions that wait for their turn on streams, by the tokens that servers know them by. All
 * servers of a program have one table, so that a token means one function wherever it is sent.
 */
final class HostFunctions {
  private final ConcurrentHashMap<Long, IntConsumer> functions = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, HeldFunction> held = new ConcurrentHashMap<>();
  private final AtomicLong lastToken = new AtomicLong();

  /** A function of the client's own, at which a stream stands still until it is let go. */
  @FunctionalInterface
  interface HeldFunction {
    /**
     * The stream is there. May not block.
     *
     * @param status the stream's {@code CUresult}
     */
    void reached(int status, HeldStream stream);
  }

  /**
   * Keeps a function until its turn.
   *
   * @param function gets the stream's {@code CUresult}
   * @return what the server names it by
   */
  long register(IntConsumer function) {
    long token = lastToken.incrementAndGet();
    functions.put(token, function);
    return token;
  }

  /** As {@link #register} for a function whose end doesn't let the stream go on. */
  long registerHeld(HeldFunction function) {
    long token = lastToken.incrementAndGet();
    held.put(token, function);
    return token;
  }

  /** The function of a graph that the server names so; null if it isn't one. */
  @Nullable HostFunction find(long token) {
    return functions.get(token) instanceof HostFunction function ? function : null;
  }

  /** Forgets a function that could not be put on a stream. */
  void forget(long token) {
    functions.remove(token);
    held.remove(token);
  }

  /**
   * A function that has its turn; null if the token is none of them.
   *
   * @param again whether it is a graph's, which may ask for it again
   */
  @Nullable IntConsumer take(long token, boolean again) {
    return again ? functions.get(token) : functions.remove(token);
  }

  /** As {@link #take} for functions that hold their stream. */
  @Nullable HeldFunction takeHeld(long token) {
    return held.remove(token);
  }
}
