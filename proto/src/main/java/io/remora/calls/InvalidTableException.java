// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

/** The call table contradicts itself; the message names the proto message and field. */
public final class InvalidTableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message the violations, each with the full name of what is wrong
   */
  public InvalidTableException(String message) {
    super(message);
  }
}
