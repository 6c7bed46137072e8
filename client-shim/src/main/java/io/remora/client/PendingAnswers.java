// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.netty.util.collection.LongObjectHashMap;
import io.remora.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All calls that were sent and are to be answered, by sequence number. Never more than the credit.
 * Used by callers and by the receiving thread, under a lock of its own that is held for one
 * look-up.
 */
final class PendingAnswers {
  private static final byte[] NONE = new byte[0];

  private final LongObjectHashMap<Expected> expected = new LongObjectHashMap<>();
  private @Nullable Failure failure;

  /** A call is about to be sent. */
  void expect(long sequence, Expected answer) {
    Failure lost;
    synchronized (expected) {
      lost = failure;
      if (lost == null) {
        expected.put(sequence, answer);
        return;
      }
    }
    answer.complete(0, lost.result(), lost.detail(), NONE);
  }

  /** Who expects the answer to a call, and goes on doing so. */
  Expected find(long sequence) {
    Expected answer;
    synchronized (expected) {
      answer = expected.get(sequence);
    }
    if (answer == null) {
      throw new WireException("an answer came for call " + sequence + ", which wasn't waiting");
    }
    return answer;
  }

  /** The last answer of a call has come. */
  void answered(long sequence, int result, String detail, byte[] outputs) {
    Expected answer;
    synchronized (expected) {
      answer = expected.remove(sequence);
    }
    if (answer == null) {
      throw new WireException("an answer came for call " + sequence + ", which wasn't waiting");
    }
    answer.complete(sequence, result, detail, outputs);
  }

  /** No answer will come any more, for calls that wait now or later. */
  void fail(Failure cause) {
    List<Expected> lost;
    synchronized (expected) {
      if (failure != null) {
        return;
      }
      failure = cause;
      lost = new ArrayList<>(expected.values());
      expected.clear();
    }
    for (Expected answer : lost) {
      answer.complete(0, cause.result(), cause.detail(), NONE);
    }
  }
}
