// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.wire.WireException;
import io.remora.wire.WireLimits;
import io.remora.wire.WireWriter;
import java.nio.ByteBuffer;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** One copy between the program's memory and the server: in one call, or in chunks. */
final class BulkCopy {
  private static final ByteBuffer NO_SCRATCH = ByteBuffer.allocate(0);

  private final ClientCore core;
  private final ThreadState thread;

  /** Where the calls are made; null: in the current context, or where their arguments say. */
  private final @Nullable Destination destination;

  /** A copy of the program's. */
  BulkCopy(ClientCore core) {
    this(core, null);
  }

  /** A copy of the client's own, in a context that it names. */
  BulkCopy(ClientCore core, @Nullable Destination destination) {
    this.core = core;
    this.destination = destination;
    thread = core.thread();
  }

  /** Encodes one chunk's call. */
  @FunctionalInterface
  interface ChunkWriter {
    /**
     * @param part the chunk's bytes
     * @param offset of the chunk in the copy
     * @param tail whether the bytes are to end the frame instead of being copied
     */
    void write(WireWriter out, ByteBuffer part, long offset, boolean tail);
  }

  /** Encodes the call that asks for the bytes. */
  @FunctionalInterface
  interface RequestWriter {
    void write(WireWriter out);
  }

  /**
   * Sends everything.
   *
   * @param source null if the program's pointer can't be read
   */
  int upload(@Nullable ByteSource source, int number, ChunkWriter writer) {
    int result = refusal();
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    if (source == null) {
      return unreadable();
    }
    long bytes = source.bytes();
    if (bytes <= WireLimits.SMALL_FRAME_BYTES_MAX / 2) {
      return bytes == 0 ? CUresult.CUDA_SUCCESS : sendSmall(source, (int) bytes, number, writer);
    }
    // All chunks go to one server, which the first one's arguments tell.
    Destination to =
        destination == null
            ? core.destination(number, thread, out -> writer.write(out, NO_SCRATCH, 0, false))
            : destination;
    int chunk = Math.max(1, to.connection().welcome().getChunkBytesMax());
    try {
      for (long offset = 0; offset < bytes && result == CUresult.CUDA_SUCCESS; offset += chunk) {
        int length = (int) Math.min(chunk, bytes - offset);
        result = sendChunk(to, source, offset, length, number, writer);
      }
    } finally {
      to.sender().ownPayloads();
    }
    return result;
  }

  private static int sendChunk(
      Destination to, ByteSource source, long offset, int length, int number, ChunkWriter writer) {
    CallSender sender = to.sender();
    boolean lent = source.isInPlace();
    ByteBuffer place = lent ? NO_SCRATCH : sender.payloadPlace(length);
    ByteBuffer part = source.read(offset, length, place);
    WireWriter out = sender.beginPayload(number, to.context(), length);
    try {
      writer.write(out, part, offset, true);
      return sender.endPayload(lent);
    } finally {
      sender.release();
    }
  }

  /** A copy of the client's own needs no current context. */
  private int refusal() {
    return destination == null ? core.refusal(thread) : CUresult.CUDA_SUCCESS;
  }

  private WireWriter begin(int number) {
    return destination == null
        ? core.begin(number, thread)
        : core.begin(number, thread, destination);
  }

  private int sendSmall(ByteSource source, int bytes, int number, ChunkWriter writer) {
    ByteBuffer part = source.read(0, bytes, thread.scratch(bytes));
    WireWriter out = begin(number);
    try {
      writer.write(out, part, 0, false);
      return core.endAsync();
    } finally {
      core.release();
    }
  }

  /**
   * Asks for the bytes and waits until all are there.
   *
   * @param sink null if the program's pointer can't be written to
   */
  int download(
      @Nullable ByteSink sink, int number, RequestWriter writer, BulkTarget.PieceDecoder decoder) {
    return download(sink, number, writer, decoder, true);
  }

  /** As the other, but leaves it to a later call to wait. */
  int downloadInBackground(
      @Nullable ByteSink sink, int number, RequestWriter writer, BulkTarget.PieceDecoder decoder) {
    return download(sink, number, writer, decoder, false);
  }

  private int download(
      @Nullable ByteSink sink,
      int number,
      RequestWriter writer,
      BulkTarget.PieceDecoder decoder,
      boolean waits) {
    int result = refusal();
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    if (sink == null) {
      return unreadable();
    }
    if (sink.bytes() == 0) {
      return CUresult.CUDA_SUCCESS;
    }
    BulkTarget target = new BulkTarget(sink, decoder);
    WireWriter out = begin(number);
    try {
      writer.write(out);
      if (!waits) {
        return core.endInBackground(number, target);
      }
      core.endSync(thread, target);
    } finally {
      core.release();
    }
    result = core.await(thread, number);
    if (result == CUresult.CUDA_SUCCESS && !target.complete()) {
      throw new WireException("an answer holds fewer bytes than were asked for");
    }
    return result;
  }

  private int unreadable() {
    thread.explain(
        "copy", "the host pointer is null, is not Java memory, or refers to fewer bytes");
    return CUresult.CUDA_ERROR_INVALID_VALUE;
  }
}
