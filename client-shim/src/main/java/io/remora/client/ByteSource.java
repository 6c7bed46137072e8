// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;

/** Bytes to send. */
interface ByteSource {
  /** How many there are. */
  long bytes();

  /**
   * Some of them: the memory itself, or a copy in {@code scratch}.
   *
   * @param scratch heap buffer with room for {@code length} bytes
   */
  ByteBuffer read(long offset, int length, ByteBuffer scratch);
}
