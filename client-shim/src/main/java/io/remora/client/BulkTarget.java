// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.wire.Payload;
import io.remora.wire.WireException;
import io.remora.wire.WireReader;
import java.nio.ByteBuffer;

/**
 * The caller's memory that a download fills, piece by piece and straight from the received frames,
 * on the receiving thread.
 */
final class BulkTarget {
  private final ByteSink sink;
  private final PieceDecoder decoder;
  private long received;

  /**
   * @param decoder finds the piece in an answer's outputs
   */
  BulkTarget(ByteSink sink, PieceDecoder decoder) {
    this.sink = sink;
    this.decoder = decoder;
  }

  /** Takes the outputs of one answer. */
  void decode(WireReader outputs) {
    decoder.decode(outputs, this);
  }

  /** Copies one piece to its place. */
  void accept(long offset, Payload payload) {
    if (offset < 0 || offset > sink.bytes() || payload.bytes() > sink.bytes() - offset) {
      throw new WireException("an answer holds bytes that were not asked for");
    }
    long at = offset;
    for (ByteBuffer part : payload.buffers()) {
      int length = part.remaining();
      sink.write(at, part);
      at += length;
    }
    received += payload.bytes();
  }

  /** Whether as many bytes came as were asked for. */
  boolean complete() {
    return received == sink.bytes();
  }

  /** Finds the piece of memory in an answer's outputs. */
  @FunctionalInterface
  interface PieceDecoder {
    void decode(WireReader outputs, BulkTarget target);
  }
}
