// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

/**
 * The opaque word of {@code mbarrier} at a checked host address (PTX ISA 9.7.13.15): phase,
 * arrivals expected in each phase, arrivals pending in this one, and bytes whose arrival was
 * announced. Threads of one cluster never run at the same time, and only they reach a barrier in
 * its shared memory, so plain reads and writes do.
 */
public final class TransactionBarrier {
  private static final int COUNT_BITS = 20;
  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;
  private static final int PENDING_SHIFT = 1;
  private static final int EXPECTED_SHIFT = PENDING_SHIFT + COUNT_BITS;
  private static final int BYTES_SHIFT = EXPECTED_SHIFT + COUNT_BITS;

  private TransactionBarrier() {}

  private static long word(long phase, long pending, long expected, long bytes) {
    return phase & 1
        | (pending & COUNT_MASK) << PENDING_SHIFT
        | (expected & COUNT_MASK) << EXPECTED_SHIFT
        | bytes << BYTES_SHIFT;
  }

  private static long pending(long word) {
    return word >>> PENDING_SHIFT & COUNT_MASK;
  }

  private static long expected(long word) {
    return word >>> EXPECTED_SHIFT & COUNT_MASK;
  }

  private static long bytes(long word) {
    return word >> BYTES_SHIFT;
  }

  /** Ends the phase if nothing is pending. */
  private static void settle(long host, long phase, long pending, long expected, long bytes) {
    boolean complete = pending == 0 && bytes == 0;
    Raw.UNSAFE.putLong(
        host, word(complete ? phase + 1 : phase, complete ? expected : pending, expected, bytes));
  }

  /** {@code mbarrier.init}. */
  public static void init(long host, int count) {
    Raw.UNSAFE.putLong(host, word(0, count, count, 0));
  }

  /** {@code mbarrier.arrive}: the result names the phase before. */
  public static long arrive(long host, int count) {
    long word = Raw.UNSAFE.getLong(host);
    settle(host, word, pending(word) - count, expected(word), bytes(word));
    return word;
  }

  /** {@code mbarrier.arrive_drop}: later phases expect less, too. */
  public static long arriveDrop(long host, int count) {
    long word = Raw.UNSAFE.getLong(host);
    settle(host, word, pending(word) - count, expected(word) - count, bytes(word));
    return word;
  }

  /** {@code mbarrier.arrive.expect_tx}. */
  public static long arriveExpect(long host, int bytes) {
    expect(host, bytes);
    return arrive(host, 1);
  }

  /** {@code mbarrier.arrive_drop.expect_tx}. */
  public static long arriveDropExpect(long host, int bytes) {
    expect(host, bytes);
    return arriveDrop(host, 1);
  }

  /** {@code mbarrier.expect_tx}: this phase doesn't end before so many bytes have arrived. */
  public static void expect(long host, int bytes) {
    long word = Raw.UNSAFE.getLong(host);
    Raw.UNSAFE.putLong(host, word(word, pending(word), expected(word), bytes(word) + bytes));
  }

  /** {@code mbarrier.complete_tx}: bytes have arrived. */
  public static void complete(long host, int bytes) {
    long word = Raw.UNSAFE.getLong(host);
    settle(host, word, pending(word), expected(word), bytes(word) - bytes);
  }

  /** {@code mbarrier.test_wait}: whether the phase that a state names has ended. */
  public static int hasEnded(long host, long state) {
    return (int) ((Raw.UNSAFE.getLong(host) ^ state) & 1);
  }

  /** {@code mbarrier.test_wait.parity}: whether the phase of this parity has ended. */
  public static int hasEndedParity(long host, int parity) {
    return (int) ((Raw.UNSAFE.getLong(host) ^ parity) & 1);
  }

  /** {@code mbarrier.pending_count}. */
  public static int pendingCount(long state) {
    return (int) pending(state);
  }
}
