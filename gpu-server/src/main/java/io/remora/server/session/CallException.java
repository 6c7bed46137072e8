// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;

/** A call can't be carried out: the {@code CUresult} that the client gets, and why. */
public final class CallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int result;

  /**
   * @param result a {@code CUresult}, never {@code CUDA_SUCCESS}
   * @param detail for people; may be empty
   */
  public CallException(int result, String detail) {
    // Data travelling to the client, not a bug: the stack trace would only cost time.
    super(detail, null, false, false);
    this.result = result;
  }

  /** {@code CUDA_ERROR_INVALID_VALUE}. */
  public static CallException invalidValue(String detail) {
    return new CallException(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, detail);
  }

  /** {@code CUDA_ERROR_OUT_OF_MEMORY}, of what the server may hold for a session. */
  public static CallException outOfMemory(String detail) {
    return new CallException(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, detail);
  }

  /** The {@code CUresult} value. */
  public int result() {
    return result;
  }

  /** Why, for people; may be empty. */
  public String detail() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
