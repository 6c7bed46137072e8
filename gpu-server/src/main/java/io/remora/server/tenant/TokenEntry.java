// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the tenants file says of one token.
 *
 * @param id see {@link Token#id}
 * @param sha256 see {@link Token#sha256}
 * @param created when it was made, or null if the file doesn't say
 * @param expires from when it opens no new session, or null for never
 * @param revoked true once it must not be used any more; kept so that its owner is told so
 */
public record TokenEntry(
    String id,
    String sha256,
    @Nullable Instant created,
    @Nullable Instant expires,
    boolean revoked) {

  /** An entry for a new token that doesn't expire by itself. */
  public static TokenEntry of(Token token, Instant created) {
    return new TokenEntry(token.id(), token.sha256(), created, null, false);
  }

  /** True if the token is the one that was stored; takes the same time for every wrong one. */
  boolean matches(Token token) {
    return MessageDigest.isEqual(
        sha256.getBytes(StandardCharsets.US_ASCII),
        token.sha256().getBytes(StandardCharsets.US_ASCII));
  }

  /** True if the token opens sessions at this time. */
  public boolean isLive(Instant now) {
    return !revoked && !hasExpired(now);
  }

  boolean hasExpired(Instant now) {
    return expires != null && !now.isBefore(expires);
  }

  /** This entry, opening nothing from a moment on, or earlier if it says so already. */
  public TokenEntry expiringAt(Instant end) {
    boolean sooner = expires != null && expires.isBefore(end);
    return sooner ? this : new TokenEntry(id, sha256, created, end, revoked);
  }

  /** This entry, revoked. */
  public TokenEntry asRevoked() {
    return new TokenEntry(id, sha256, created, expires, true);
  }
}
