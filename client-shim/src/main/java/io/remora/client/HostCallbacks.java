// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.HostFunctions.HeldFunction;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;

/**
 * Runs the functions that one server's streams reach, one after the other on a thread of their own,
 * as CUDA runs them; calling CUDA from them is as forbidden as it is there.
 */
final class HostCallbacks {
  private static final System.Logger LOG = System.getLogger(HostCallbacks.class.getName());

  private final HostFunctions functions;
  private final DeferredErrors errors;
  private volatile LongConsumer whenDone = sequence -> {};
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread worker = new Thread(task, "remora-host-callbacks");
            worker.setDaemon(true);
            return worker;
          });

  HostCallbacks(HostFunctions functions, DeferredErrors errors) {
    this.functions = functions;
    this.errors = errors;
  }

  /** Names who is told the sequence number of each callback that has run. */
  void whenDone(LongConsumer listener) {
    whenDone = listener;
  }

  /**
   * A stream has reached a function.
   *
   * @param again whether it is a graph's, which may ask for it again
   */
  void reached(long sequence, long token, int status, boolean again) {
    HeldFunction held = functions.takeHeld(token);
    IntConsumer function = functions.take(token, again);
    try {
      if (held == null) {
        thread.execute(() -> run(sequence, function == null ? ignored -> {} : function, status));
      } else {
        thread.execute(() -> held.reached(status, new HeldStream(sequence, errors, whenDone)));
      }
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
