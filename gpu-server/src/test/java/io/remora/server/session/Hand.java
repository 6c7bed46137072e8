// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.v1.SessionImage;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/** Carries a session from one server to another in this process. */
final class Hand implements Carrier {
  private static final int PIECE_BYTES = 1 << 20;

  final CompletableFuture<Session> arrived = new CompletableFuture<>();
  final CompletableFuture<String> stays = new CompletableFuture<>();

  @SuppressWarnings("NullAway.Init") // Carried before it is told.
  private Session made;

  private final MoveRoom there;
  private final UnaryOperator<SessionImage> asOf;

  Hand(MoveRoom there) {
    this(there, UnaryOperator.identity());
  }

  /**
   * @param asOf makes of what the session is what another server would have written
   */
  Hand(MoveRoom there, UnaryOperator<SessionImage> asOf) {
    this.there = there;
    this.asOf = asOf;
  }

  @Override
  public void carry(Cargo cargo) {
    SessionImage image;
    try {
      image = SessionImage.parseFrom(asOf.apply(cargo.image()).toByteArray());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
    Arrival arrival =
        there.sessions.arrive(
            MovingClient.grant(there.account, there.closed),
            image,
            (hash, bytes) -> cargo.module(hash));
    for (int device = 0; device < image.getDevicesCount(); device++) {
      for (SessionImage.Range range : Cargo.ranges(image.getDevices(device))) {
        for (long done = 0; done < range.getBytes(); ) {
          int bytes = (int) Math.min(PIECE_BYTES, range.getBytes() - done);
          ByteBuffer piece = ByteBuffer.allocate(bytes);
          cargo.read(device, range.getStart() + done, piece);
          arrival.write(device, range.getStart() + done, piece.flip());
          done += bytes;
        }
      }
    }
    made = arrival.rest();
  }

  @Override
  public String goesOn() {
    return "there:1";
  }

  @Override
  public void gone(long bytes) {
    arrived.complete(made);
  }

  @Override
  public void refused(String why) {
    stays.complete(why);
  }
}
