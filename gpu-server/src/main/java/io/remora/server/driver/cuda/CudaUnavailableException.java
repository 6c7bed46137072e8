// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

/** There is no driver here that can be used; the message is for the operator and says why. */
public final class CudaUnavailableException extends Exception {
  private static final long serialVersionUID = 1L;

  CudaUnavailableException(String message) {
    super(message);
  }
}
