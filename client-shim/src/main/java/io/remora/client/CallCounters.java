// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntFunction;
import java.util.function.ToLongFunction;

/** Counts what {@link Stats} shows. Cheap enough to be always on; any thread. */
final class CallCounters {
  private final AtomicLongArray calls;
  private final AtomicLongArray waits;
  private final AtomicLongArray blockedNanos;
  private final LongAdder local = new LongAdder();
  private final LongAdder frames = new LongAdder();
  private final LongAdder bytesSent = new LongAdder();
  private final LongAdder bytesReceived = new LongAdder();
  private final LongAdder creditNanos = new LongAdder();
  private final LongAdder resumes = new LongAdder();

  /**
   * @param numbers one more than the largest number of a call
   */
  CallCounters(int numbers) {
    calls = new AtomicLongArray(numbers);
    waits = new AtomicLongArray(numbers);
    blockedNanos = new AtomicLongArray(numbers);
  }

  /** Called under the sender's lock, so no other thread adds at the same time. */
  void sent(int number, boolean waiting) {
    calls.setOpaque(number, calls.getOpaque(number) + 1);
    if (waiting) {
      waits.setOpaque(number, waits.getOpaque(number) + 1);
    }
  }

  void waited(int number, long nanos) {
    blockedNanos.addAndGet(number, nanos);
  }

  void answeredLocally() {
    local.increment();
  }

  void sentBytes(int bytes) {
    frames.increment();
    bytesSent.add(bytes);
  }

  void received(int bytes) {
    bytesReceived.add(bytes);
  }

  void resumed() {
    resumes.increment();
  }

  void blockedForCredit(long nanos) {
    creditNanos.add(nanos);
  }

  /**
   * What the connections of a program have counted together.
   *
   * @param connections at least one, all of the same numbers of calls
   * @param names call number to entry point
   * @param across what was done between the servers
   */
  static Stats sum(List<CallCounters> connections, IntFunction<String> names, AcrossStats across) {
    long sent = 0;
    long waited = 0;
    List<Stats.EntryStats> entries = new ArrayList<>();
    for (int i = 0; i < connections.get(0).calls.length(); i++) {
      int number = i;
      long count = total(connections, each -> each.calls.getOpaque(number));
      if (count > 0) {
        long waitCount = total(connections, each -> each.waits.getOpaque(number));
        long blocked = total(connections, each -> each.blockedNanos.get(number));
        sent += count;
        waited += waitCount;
        entries.add(new Stats.EntryStats(names.apply(number), count, waitCount, blocked));
      }
    }
    entries.sort(
        Comparator.comparingLong(Stats.EntryStats::blockedNanos)
            .thenComparingLong(Stats.EntryStats::calls)
            .reversed());
    return new Stats(
        sent,
        waited,
        total(connections, each -> each.local.sum()),
        total(connections, each -> each.frames.sum()),
        total(connections, each -> each.bytesSent.sum()),
        total(connections, each -> each.bytesReceived.sum()),
        total(connections, each -> each.creditNanos.sum()),
        total(connections, each -> each.resumes.sum()),
        across,
        entries);
  }

  private static long total(List<CallCounters> connections, ToLongFunction<CallCounters> counter) {
    return connections.stream().mapToLong(counter).sum();
  }
}
