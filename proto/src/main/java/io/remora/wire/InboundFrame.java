// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import io.grpc.Detachable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One received message. A big one stays in the transport's buffers, which are held until {@link
 * #close}; a small one ({@link WireLimits#SMALL_FRAME_BYTES_MAX}) is copied into an array.
 *
 * <p>It starts with one hold. Whoever needs the bytes for longer than the caller takes another with
 * {@link #retain}; each hold is given back by one {@link #close}, from any thread.
 */
public final class InboundFrame implements AutoCloseable {
  private final byte @Nullable [] array;
  private final @Nullable Segments segments;
  private final Runnable release;
  private final int bytes;
  private final AtomicInteger holds = new AtomicInteger(1);

  private InboundFrame(
      byte @Nullable [] array, @Nullable Segments segments, int bytes, Runnable release) {
    this.array = array;
    this.segments = segments;
    this.bytes = bytes;
    this.release = release;
  }

  /** A frame in an array of the caller's, which must not change while the frame is in use. */
  public static InboundFrame of(byte[] message) {
    return new InboundFrame(message, null, message.length, () -> {});
  }

  /**
   * A frame in the remaining bytes of several buffers.
   *
   * @param release run once, when the last hold is given back
   */
  public static InboundFrame of(List<ByteBuffer> message, Runnable release) {
    Segments segments = new Segments(message);
    return new InboundFrame(null, segments, segments.bytes(), release);
  }

  /**
   * Takes a message from gRPC.
   *
   * @param stream as gRPC hands it to a marshaller; belongs to the frame from now on
   */
  static InboundFrame receive(InputStream stream) throws IOException {
    if (!(stream instanceof KnownLength)) {
      // Only in-process transports do this; the sender has built the whole message already.
      return of(stream.readAllBytes());
    }
    int bytes = stream.available();
    if (bytes > WireLimits.SMALL_FRAME_BYTES_MAX
        && stream instanceof Detachable detachable
        && stream instanceof HasByteBuffer
        && stream.markSupported()) {
      return hold(detachable.detach(), bytes);
    }
    return of(stream.readNBytes(bytes));
  }

  /**
   * Collects the buffers behind a stream. {@code byteBufferSupported} is not asked: one empty part
   * without a buffer makes it false for the whole message.
   */
  private static InboundFrame hold(InputStream detached, int bytes) throws IOException {
    List<ByteBuffer> buffers = new ArrayList<>();
    // After a mark, parts that were skipped over are kept until the stream is closed.
    detached.mark(bytes);
    try {
      int found = 0;
      while (found < bytes) {
        // Moves on to the next part if the current one is used up or was empty from the start.
        detached.skip(0);
        ByteBuffer buffer = ((HasByteBuffer) detached).getByteBuffer();
        if (buffer == null) {
          throw new IOException("the transport's buffers end before the message does");
        }
        if (!buffer.hasRemaining()) {
          throw new UnsupportedOperationException("an empty part that skipping doesn't leave");
        }
        buffers.add(buffer.slice());
        found += buffer.remaining();
        detached.skipNBytes(buffer.remaining());
      }
    } catch (UnsupportedOperationException noBuffers) {
      detached.reset();
      try (detached) {
        return of(detached.readNBytes(bytes));
      }
    } catch (IOException | RuntimeException e) {
      closeQuietly(detached);
      throw e;
    }
    return of(buffers, () -> closeQuietly(detached));
  }

  private static void closeQuietly(InputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      throw new IllegalStateException("releasing receive buffers does no input or output", e);
    }
  }

  /** The size of the message in bytes. */
  public int bytes() {
    return bytes;
  }

  /** A reader at the start of the message; valid, as all that it returns, until {@link #close}. */
  public WireReader reader() {
    if (array != null) {
      return new WireReader(array, 0, array.length);
    }
    if (segments == null) {
      throw new IllegalStateException("a frame is an array or segments");
    }
    return new WireReader(segments);
  }

  /**
   * Takes another hold.
   *
   * @return this
   */
  public InboundFrame retain() {
    if (holds.getAndIncrement() <= 0) {
      throw new IllegalStateException("retain of a frame that was released already");
    }
    return this;
  }

  /** Gives one hold back; with the last one the bytes are gone. */
  @Override
  public void close() {
    int left = holds.decrementAndGet();
    if (left == 0) {
      release.run();
    } else if (left < 0) {
      throw new IllegalStateException("a frame was closed more often than it was held");
    }
  }
}
