// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import org.jspecify.annotations.Nullable;

/**
 * One thread's wait for the answer to one call; each thread has one and uses it again and again.
 * The owner prepares it, the receiving thread fills and completes it, then it is the owner's again.
 */
final class Waiter implements Expected, ConnectionLoop.Condition {
  private static final byte[] NO_OUTPUTS = new byte[0];

  private final ConnectionLoop loop;
  private final long spinNanos;
  private @Nullable Thread owner;
  private @Nullable BulkTarget target;
  private int result;
  private String detail = "";
  private byte[] outputs = NO_OUTPUTS;
  private volatile boolean done = true;

  /**
   * @param spinNanos how long {@link #await} polls before the thread sleeps
   */
  Waiter(ConnectionLoop loop, long spinNanos) {
    this.loop = loop;
    this.spinNanos = spinNanos;
  }

  /** Gets ready for one answer to the current thread's call. */
  void prepare(@Nullable BulkTarget bulkTarget) {
    owner = Thread.currentThread();
    target = bulkTarget;
    result = 0;
    detail = "";
    outputs = NO_OUTPUTS;
    done = false;
  }

  @Override
  public @Nullable BulkTarget target() {
    return target;
  }

  @Override
  public void complete(long sequence, int answerResult, String answerDetail, byte[] answerOutputs) {
    result = answerResult;
    detail = answerDetail;
    outputs = answerOutputs;
    Thread waiting = owner;
    done = true;
    if (waiting != null) {
      loop.wake(waiting);
    }
  }

  @Override
  public boolean holds() {
    return done;
  }

  /** Waits. An interrupt doesn't end the wait, as it wouldn't in CUDA; it is kept for later. */
  void await() {
    loop.await(this, spinNanos);
    target = null;
  }

  /** The answer's result: a {@code CUresult} or one of the wire's own. */
  int result() {
    return result;
  }

  /** The answer's detail, possibly empty. */
  String detail() {
    return detail;
  }

  /** The answer's encoded outputs, empty unless the call succeeded. */
  byte[] outputs() {
    return outputs;
  }
}
