// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/**
 * Looks about once a second at what goes on between a session and others, to end what doesn't move,
 * for as long as there is any. Belongs to the session's serial executor.
 */
final class Looks {
  private static final long BETWEEN_NANOS = 1_000_000_000L;

  private final ClientSession session;
  private final BooleanSupplier any;
  private final LongConsumer look;
  private boolean coming;

  /**
   * @param any whether there is something to look at
   * @param look given the time of the session's clock
   */
  Looks(ClientSession session, BooleanSupplier any, LongConsumer look) {
    this.session = session;
    this.any = any;
    this.look = look;
  }

  /** There is something to look at now. */
  void begin() {
    if (!coming) {
      coming = true;
      session.services().later(session, BETWEEN_NANOS, this::now);
    }
  }

  private void now() {
    coming = false;
    if (any.getAsBoolean()) {
      look.accept(session.services().nanoClock().getAsLong());
      begin();
    }
  }
}
