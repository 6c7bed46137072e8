// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import org.jspecify.annotations.Nullable;

/** An answer that is to come. Told on the receiving thread, so nothing here may block. */
interface Expected {
  /** Where bulk outputs go, if the call has any. */
  @Nullable BulkTarget target();

  /**
   * The answer has come, or it is known that none will.
   *
   * @param sequence the call's, or 0 if the connection was lost
   * @param outputs encoded; empty unless the call succeeded
   */
  void complete(long sequence, int result, String detail, byte[] outputs);
}
