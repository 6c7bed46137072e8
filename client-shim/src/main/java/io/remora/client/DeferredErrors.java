// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The first failure of an asynchronous call that the program doesn't know of yet. It is told at the
 * next call that waits and would succeed otherwise; later ones are consequences and are dropped, as
 * CUDA does. The server itself remembers a failure that ends a context.
 */
final class DeferredErrors {
  private final AtomicReference<@Nullable Deferred> first = new AtomicReference<>();

  void add(Deferred error) {
    first.compareAndSet(null, error);
  }

  /** The failure to tell, once. */
  @Nullable Deferred take() {
    return first.get() == null ? null : first.getAndSet(null);
  }

  /** The failure to tell, once, if it is what a waiting call has failed with. */
  @Nullable Deferred takeCause(int result) {
    Deferred cause = first.get();
    boolean same = cause != null && cause.result() == result;
    return same && first.compareAndSet(cause, null) ? cause : null;
  }

  /**
   * @param sequence the call's number in the session
   * @param callNumber its entry of the call table
   * @param result a {@code CUresult}
   * @param detail the server's words, possibly empty
   */
  record Deferred(long sequence, int callNumber, int result, String detail) {}
}
