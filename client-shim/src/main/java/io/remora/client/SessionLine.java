// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.ClientCall;
import io.remora.wire.InboundFrame;
import io.remora.wire.KeptFrames;
import io.remora.wire.OutboundFrame;
import io.remora.wire.WireException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The session's stream as the sender sees it, whichever it is at the moment. In a session that can
 * be resumed it keeps what the server may not have; while there is no stream it only keeps. What is
 * kept is bounded by the credit. Used under the sender's lock where nothing else is said.
 */
final class SessionLine implements FrameSink {
  private final PayloadPool pool = new PayloadPool();
  private final @Nullable KeptFrames kept;
  private final Consumer<WireException> broken;

  /** Null while the connection is cut. Written under the sender's lock, but for cuts. */
  private volatile @Nullable ClientCall<OutboundFrame, InboundFrame> call;

  /**
   * @param resumable whether to keep what is sent
   * @param broken told if the server acknowledges what can't be
   */
  SessionLine(
      ClientCall<OutboundFrame, InboundFrame> first,
      boolean resumable,
      Consumer<WireException> broken) {
    call = first;
    this.broken = broken;
    kept = resumable ? new KeptFrames(pool::release) : null;
  }

  @Override
  public void send(OutboundFrame frame, boolean lent) {
    OutboundFrame sent = frame;
    if (kept != null) {
      sent = lent ? kept.keepLent(frame) : kept.keep(frame);
    }
    ClientCall<OutboundFrame, InboundFrame> stream = call;
    if (stream != null) {
      stream.sendMessage(sent);
    }
    ByteBuffer payload = sent.payload();
    if (kept == null && payload != null && !lent) {
      pool.release(payload);
    }
  }

  @Override
  public void ownPayloads() {
    if (kept != null) {
      kept.own(pool::take);
    }
  }

  @Override
  public ByteBuffer payloadPlace(int bytes) {
    return pool.take(bytes);
  }

  /** Any thread. */
  @Override
  public boolean isReady() {
    ClientCall<OutboundFrame, InboundFrame> stream = call;
    return stream != null && stream.isReady();
  }

  @Override
  public void acknowledged(long position) {
    // The server says the same at each resumption, and may have been there before.
    if (kept != null && position > kept.acknowledged()) {
      try {
        kept.acknowledge(position);
      } catch (WireException impossible) {
        broken.accept(impossible);
      }
    }
  }

  /** The connection is cut: from now on frames are only kept. Any thread. */
  void cut() {
    call = null;
  }

  /**
   * Goes on by another stream: sends again what the server doesn't have.
   *
   * @param receivedBytes the position up to which the server has got frames
   * @throws WireException if that can't be
   */
  void attach(ClientCall<OutboundFrame, InboundFrame> stream, long receivedBytes) {
    if (kept == null) {
      throw new WireException("a session was resumed that can't be");
    }
    kept.acknowledge(receivedBytes);
    kept.forEach(stream::sendMessage);
    call = stream;
  }

  /** Says that nothing more will be sent; false if there is no stream to say it on. */
  boolean halfClose() {
    ClientCall<OutboundFrame, InboundFrame> stream = call;
    if (stream == null) {
      return false;
    }
    stream.halfClose();
    return true;
  }

  /** Gives the stream up. Any thread. */
  void cancel(String reason, @Nullable Throwable cause) {
    ClientCall<OutboundFrame, InboundFrame> stream = call;
    if (stream != null) {
      stream.cancel(reason, cause);
    }
  }
}
