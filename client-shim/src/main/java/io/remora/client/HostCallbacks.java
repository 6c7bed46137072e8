// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Functions of the program that wait for their turn on a stream. They run one after the other on a
 * thread of their own, as CUDA runs them; calling CUDA from them is as forbidden as it is there.
 */
final class HostCallbacks {
  private static final System.Logger LOG = System.getLogger(HostCallbacks.class.getName());

  private final ConcurrentHashMap<Long, IntConsumer> functions = new ConcurrentHashMap<>();
  private final AtomicLong lastToken = new AtomicLong();
  private volatile LongConsumer whenDone = sequence -> {};
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread worker = new Thread(task, "remora-host-callbacks");
            worker.setDaemon(true);
            return worker;
          });

  /** Names who is told the sequence number of each callback that has run. */
  void whenDone(LongConsumer listener) {
    whenDone = listener;
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

  /** The function of a graph that the server names so; null if it isn't one. */
  @Nullable HostFunction find(long token) {
    return functions.get(token) instanceof HostFunction function ? function : null;
  }

  /** Forgets a function that could not be put on a stream. */
  void forget(long token) {
    functions.remove(token);
  }

  /**
   * A stream has reached a function.
   *
   * @param again whether it is a graph's, which may ask for it again
   */
  void reached(long sequence, long token, int status, boolean again) {
    IntConsumer function = again ? functions.get(token) : functions.remove(token);
    try {
      thread.execute(() -> run(sequence, function == null ? ignored -> {} : function, status));
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "the connection is closed, a host function is not run");
    }
  }

  private void run(long sequence, IntConsumer function, int status) {
    try {
      function.accept(status);
    } catch (RuntimeException e) {
      // As in CUDA, the stream goes on whatever the function does; nobody waits for it here.
      LOG.log(System.Logger.Level.WARNING, "a host function on a stream failed", e);
    } finally {
      whenDone.accept(sequence);
    }
  }

  void close() {
    thread.shutdown();
  }
}
