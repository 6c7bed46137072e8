// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

/**
 * A client isn't let in.
 *
 * @param reason what kind of refusal
 * @param tenant whose token it was, for the log; empty if that isn't proven
 * @param message for the client: what is wrong and what to do
 */
public record Refused(Reason reason, String tenant, String message)
    implements Admission, Identification {
  /** Why a client is refused. */
  public enum Reason {
    NO_TOKEN,
    DAMAGED_TOKEN,
    /** The server doesn't know the token, whether its id exists or not. */
    WRONG_TOKEN,
    EXPIRED,
    REVOKED,
    /** The tenant has as many sessions as it may have. */
    SESSION_LIMIT
  }
}
