// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

/** A driver call failed; carries CUDA's own code and, where there is more to say, a detail. */
public final class DriverException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int result;

  /**
   * @param result the {@code CUresult} value, never {@code CUDA_SUCCESS}
   * @param detail for people; may be empty
   */
  public DriverException(int result, String detail) {
    // Data travelling to the client, not a bug: the stack trace would only cost time.
    super(detail, null, false, false);
    this.result = result;
  }

  /** The {@code CUresult} value. */
  public int result() {
    return result;
  }

  /** What went wrong, for people; may be empty. */
  public String detail() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
