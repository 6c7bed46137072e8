// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** No session could be opened. The message names the server, what happened and the remedy. */
public final class ConnectionException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  ConnectionException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** What kind of failure it was. */
  public Reason reason() {
    return reason;
  }

  /** Kinds of failure, each with a remedy of its own. */
  public enum Reason {
    /** Nothing answers at the address within the connect timeout. */
    UNREACHABLE,
    /** TLS failed: the certificate isn't trusted, doesn't fit the name, or one end has no TLS. */
    TLS,
    /** The token is missing, wrong, expired or revoked. */
    TOKEN,
    /** Client and server are too far apart in version. */
    VERSION,
    /** The server takes no new sessions: it is going down, or the tenant has too many. */
    BUSY,
    /** The server answered too late. */
    TIMEOUT,
    /** The server understood what was asked of it and doesn't do it; it says why. */
    REFUSED,
    /** The settings name a file that can't be used. */
    SETTINGS,
    /** What answers isn't a Remora server, or it broke the protocol. */
    PROTOCOL
  }
}
