// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.netty.util.collection.LongObjectHashMap;
import io.remora.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The waiters of all calls that were sent and not answered, by sequence number. Never more than
 * threads that call. Used by callers and by the receiving thread, under a lock of its own that is
 * held for one look-up.
 */
final class PendingAnswers {
  private static final byte[] NONE = new byte[0];

  private final LongObjectHashMap<Waiter> waiters = new LongObjectHashMap<>();
  private @Nullable Failure failure;

  /** A call is about to be sent. */
  void expect(long sequence, Waiter waiter) {
    Failure lost;
    synchronized (waiters) {
      lost = failure;
      if (lost == null) {
        waiters.put(sequence, waiter);
        return;
      }
    }
    waiter.complete(lost.result(), lost.detail(), NONE);
  }

  /** The waiter of a call, which goes on waiting. */
  Waiter find(long sequence) {
    Waiter waiter;
    synchronized (waiters) {
      waiter = waiters.get(sequence);
    }
    if (waiter == null) {
      throw new WireException("an answer came for call " + sequence + ", which wasn't waiting");
    }
    return waiter;
  }

  /** The last answer of a call has come. */
  void answered(long sequence, int result, String detail, byte[] outputs) {
    Waiter waiter;
    synchronized (waiters) {
      waiter = waiters.remove(sequence);
    }
    if (waiter == null) {
      throw new WireException("an answer came for call " + sequence + ", which wasn't waiting");
    }
    waiter.complete(result, detail, outputs);
  }

  /** No answer will come any more, for calls that wait now or later. */
  void fail(Failure cause) {
    List<Waiter> lost;
    synchronized (waiters) {
      if (failure != null) {
        return;
      }
      failure = cause;
      lost = new ArrayList<>(waiters.values());
      waiters.clear();
    }
    for (Waiter waiter : lost) {
      waiter.complete(cause.result(), cause.detail(), NONE);
    }
  }
}
