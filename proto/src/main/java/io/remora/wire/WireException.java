// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

/**
 * The bytes of a frame are not a well-formed protobuf message. The stream they came on must end.
 */
public final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong with the bytes, as one sentence without the bytes themselves
   */
  public WireException(String message) {
    // A peer's mistake, not a bug here: a stack trace would only help a flooder.
    super(message, null, false, false);
  }

  /** The message, never null. */
  public String detail() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
