// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;

/** Where received bytes go. */
interface ByteSink {
  /** How many there is room for. */
  long bytes();

  /** Puts the remaining bytes of {@code from} at {@code offset}; the caller has checked both. */
  void write(long offset, ByteBuffer from);
}
