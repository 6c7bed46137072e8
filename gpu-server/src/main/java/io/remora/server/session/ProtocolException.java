// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/**
 * A client broke the protocol, or the server can't go on with its session: that session ends, and
 * nobody else notices. Wrong handles, ranges and enumerators are CUDA results, never this.
 */
public final class ProtocolException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why a session ends; the edge turns it into a gRPC status. */
  public enum Reason {
    /** A frame or message can't be decoded, or has fields that don't belong there. */
    MALFORMED,
    /** Calls did not arrive in sequence. */
    OUT_OF_SEQUENCE,
    /** A call number that the server doesn't know. */
    UNKNOWN_CALL,
    /** A frame, or what it asks the server to hold, exceeds a limit of the handshake. */
    TOO_LARGE,
    /** Client and server have no protocol version in common. */
    INCOMPATIBLE,
    /** The device can't give the session what it needs to begin. */
    UNAVAILABLE,
    /** There is no such session to go on with, or it doesn't wait for this client. */
    NOT_RESUMABLE,
    /** A defect of the server. */
    INTERNAL
  }

  private final Reason reason;

  /**
   * @param reason what kind of violation
   * @param message for the client's log: what was wrong, and what to do about it
   */
  public ProtocolException(Reason reason, String message) {
    // Provoked by input: the stack trace would only cost time.
    super(message, null, false, false);
    this.reason = reason;
  }

  /** What kind of violation. */
  public Reason reason() {
    return reason;
  }

  /** What was wrong, and what to do about it. */
  public String message() {
    String message = getMessage();
    return message == null ? reason.name() : message;
  }
}
