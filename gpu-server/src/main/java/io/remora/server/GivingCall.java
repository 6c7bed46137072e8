// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.remora.server.session.Cargo;
import io.remora.server.session.Unmovable;
import io.remora.v1.SessionImage;
import io.remora.v1.TakeAnswer;
import io.remora.v1.TakeAnswer.AnswerCase;
import io.remora.v1.TakeBegin;
import io.remora.v1.TakeEnd;
import io.remora.v1.TakeMemory;
import io.remora.v1.TakePart;
import io.remora.v1.TakeSettle;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The call by which a session goes to another member. One thread uses it, which waits for the other
 * member; what is under way is bounded by the transport.
 */
final class GivingCall implements ClientResponseObserver<TakePart, TakeAnswer> {
  private static final int PIECE_BYTES = 1 << 20;

  /** The other member may be loading modules, which takes seconds each. */
  private static final int ANSWER_SECONDS_MAX = 60;

  private static final int ROOM_SECONDS_MAX = 10;
  private static final int ANSWERS_MAX = 8;

  /** An answer, or why there is none any more. */
  private record Heard(@Nullable TakeAnswer answer, @Nullable Throwable failure) {}

  private final BlockingQueue<Heard> heard = new ArrayBlockingQueue<>(ANSWERS_MAX);
  private final Semaphore ready = new Semaphore(0);
  private final ClientCallStreamObserver<TakePart> call;
  private volatile boolean over;

  /**
   * Connects.
   *
   * @param server HOST:PORT of the member
   */
  GivingCall(PoolLinks links, String server) {
    call = links.take(server, this);
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<TakePart> stream) {
    stream.setOnReadyHandler(ready::release);
  }

  @Override
  public void onNext(TakeAnswer answer) {
    boolean unused = heard.offer(new Heard(answer, null));
  }

  @Override
  public void onError(Throwable failure) {
    over = true;
    boolean unused = heard.offer(new Heard(null, failure));
    ready.release();
  }

  @Override
  public void onCompleted() {
    onError(new IllegalStateException("it has ended the call"));
  }

  /**
   * Gives the other member all of a session; returns when it is ready there.
   *
   * @param image the session's, with what is known of its client
   * @throws Unmovable if the other member doesn't take it
   */
  void give(String pool, String placement, SessionImage image, Cargo cargo) {
    byte[] encoded = image.toByteArray();
    send(
        TakePart.newBuilder()
            .setBegin(
                TakeBegin.newBuilder()
                    .setPool(pool)
                    .setPlacement(placement)
                    .setImageBytes(encoded.length)));
    for (ByteBuffer rest = ByteBuffer.wrap(encoded); rest.hasRemaining(); ) {
      send(TakePart.newBuilder().setImage(piece(rest)));
    }
    for (ByteString hash : await(AnswerCase.NEEDED).getNeeded().getSha256List()) {
      for (ByteBuffer rest = module(cargo, hash); rest.hasRemaining(); ) {
        send(TakePart.newBuilder().setModule(piece(rest)));
      }
    }
    giveMemory(image, cargo);
    TakeAnswer unused = await(AnswerCase.READY);
  }

  private static ByteBuffer module(Cargo cargo, ByteString hash) {
    if (!cargo.modules().contains(hash)) {
      throw new Unmovable("it asks for a module that the session doesn't have");
    }
    return cargo.module(hash);
  }

  private static ByteString piece(ByteBuffer rest) {
    int bytes = Math.min(PIECE_BYTES, rest.remaining());
    ByteString piece = ByteString.copyFrom(rest.slice(rest.position(), bytes));
    rest.position(rest.position() + bytes);
    return piece;
  }

  private void giveMemory(SessionImage image, Cargo cargo) {
    CRC32C checksum = new CRC32C();
    long sent = 0;
    for (int device = 0; device < image.getDevicesCount(); device++) {
      for (SessionImage.Range range : Cargo.ranges(image.getDevices(device))) {
        long done = 0;
        while (done < range.getBytes()) {
          ByteBuffer content =
              ByteBuffer.allocate((int) Math.min(PIECE_BYTES, range.getBytes() - done));
          cargo.read(device, range.getStart() + done, content);
          content.flip();
          checksum.update(content.duplicate());
          send(
              TakePart.newBuilder()
                  .setMemory(
                      TakeMemory.newBuilder()
                          .setDevice(device)
                          .setAddress(range.getStart() + done)
                          .setContent(UnsafeByteOperations.unsafeWrap(content))));
          done += content.capacity();
          sent += content.capacity();
        }
      }
    }
    send(
        TakePart.newBuilder()
            .setEnd(TakeEnd.newBuilder().setBytes(sent).setCrc32C((int) checksum.getValue())));
  }

  /** Says whether the session is the other member's. Doesn't wait, and doesn't fail. */
  void settle(boolean goesOn) {
    if (!over) {
      call.onNext(TakePart.newBuilder().setSettle(TakeSettle.newBuilder().setGoOn(goesOn)).build());
      call.onCompleted();
    }
  }

  /** Whether the other member is there, as far as is known. */
  boolean isThere() {
    return !over;
  }

  /** Ends the call; the session stays. */
  void cancel() {
    if (!over) {
      call.cancel("the session stays", null);
    }
  }

  private void send(TakePart.Builder part) {
    while (!over && !call.isReady()) {
      acquire();
    }
    if (over) {
      throw failed(take());
    }
    call.onNext(part.build());
  }

  private void acquire() {
    try {
      if (!ready.tryAcquire(ROOM_SECONDS_MAX, TimeUnit.SECONDS) && !call.isReady()) {
        throw new Unmovable("it takes nothing more for " + ROOM_SECONDS_MAX + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Unmovable("the server is stopping");
    }
  }

  private TakeAnswer await(AnswerCase expected) {
    Heard next = take();
    TakeAnswer answer = next.answer();
    if (answer == null) {
      throw failed(next);
    }
    if (answer.getAnswerCase() != expected) {
      throw new Unmovable("it answers something else than was asked for");
    }
    return answer;
  }

  private Heard take() {
    try {
      Heard next = heard.poll(ANSWER_SECONDS_MAX, TimeUnit.SECONDS);
      if (next != null) {
        return next;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new Unmovable("it gives no answer");
  }

  private static Unmovable failed(Heard heard) {
    if (heard.failure() instanceof StatusRuntimeException of) {
      String said = of.getStatus().getDescription();
      boolean itself = of.getStatus().getCode() == Status.Code.FAILED_PRECONDITION;
      return new Unmovable(
          said != null && itself
              ? said
              : "it can't be reached: "
                  + of.getStatus().getCode()
                  + (said == null ? "" : ", " + said));
    }
    return new Unmovable("it has ended the call");
  }
}
