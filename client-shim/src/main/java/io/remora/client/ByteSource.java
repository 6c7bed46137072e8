// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;

/** Bytes to send. */
interface ByteSource {
  /** How many there are. */
  long bytes();

  /** Whether {@link #read} answers the memory itself, so that nobody needs a scratch buffer. */
  boolean isInPlace();

  /**
   * Some of them: the memory itself, or a copy in {@code scratch}.
   *
   * @param scratch heap buffer with room for {@code length} bytes
   */
  ByteBuffer read(long offset, int length, ByteBuffer scratch);
}
