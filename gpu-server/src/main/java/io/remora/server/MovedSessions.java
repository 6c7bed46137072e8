// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import com.google.protobuf.ByteString;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Where sessions have gone that were here: for clients that were away when their session left. Each
 * is remembered for as long as its client may come back. Any thread.
 */
final class MovedSessions {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final LongSupplier nanoClock;
  private final Map<String, Note> notes = new HashMap<>();

  private record Note(String server, String tenant, ByteString secret, long untilNanos) {}

  MovedSessions(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /**
   * A session has gone.
   *
   * @param server HOST:PORT
   * @param secret what its client shows
   * @param graceMillis how long its client may be away
   */
  synchronized void add(
      String session, String server, String tenant, ByteString secret, int graceMillis) {
    long now = nanoClock.getAsLong();
    notes.values().removeIf(each -> now - each.untilNanos > 0);
    notes.put(session, new Note(server, tenant, secret, now + graceMillis * NANOS_PER_MILLI));
  }

  /** A session is here again. */
  synchronized void isHere(String session) {
    notes.remove(session);
  }

  /** Where a session has gone, for whoever proves to be its client. */
  synchronized Optional<String> find(String session, String tenant, ByteString shown) {
    Note note = notes.get(session);
    if (note == null || nanoClock.getAsLong() - note.untilNanos > 0) {
      return Optional.empty();
    }
    boolean proved =
        note.tenant.equals(tenant)
            && MessageDigest.isEqual(note.secret.toByteArray(), shown.toByteArray());
    return proved ? Optional.of(note.server) : Optional.empty();
  }
}
