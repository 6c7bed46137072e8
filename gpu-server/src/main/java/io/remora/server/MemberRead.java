// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.remora.server.session.MemberReads;
import io.remora.server.session.MemberReads.Failure;
import io.remora.v1.ReadPiece;
import io.remora.v1.ReadRequest;
import org.jspecify.annotations.Nullable;

/**
 * One reading of a member's device memory. Pieces may be asked for, and the reading be cancelled,
 * before it is known where the member is.
 */
final class MemberRead
    implements MemberReads.Reading, ClientResponseObserver<ReadRequest, ReadPiece> {
  private final MemberReads.Listener listener;

  /** Whether anything has come; of the transport's threads. */
  private boolean began;

  /** Set and read by the thread that starts the call. */
  private @Nullable ClientCallStreamObserver<ReadRequest> prepared;

  // Under this object's lock.
  private @Nullable ClientCallStreamObserver<ReadRequest> call;
  private int wanted;
  private boolean cancelled;

  MemberRead(MemberReads.Listener listener) {
    this.listener = listener;
  }

  /** There is no way to the member. */
  void refuse(String why) {
    listener.failed(Failure.UNREACHABLE, why);
  }

  /**
   * Connects, unless nobody wants it any more.
   *
   * @param server HOST:PORT of the member
   */
  void start(PoolLinks links, String server, ReadRequest request) {
    synchronized (this) {
      if (cancelled) {
        return;
      }
    }
    links.read(server, request, this);
    started();
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<ReadRequest> stream) {
    stream.disableAutoRequestWithInitial(0);
    prepared = stream;
  }

  /** The call has started: only now it can be asked for pieces. */
  private synchronized void started() {
    ClientCallStreamObserver<ReadRequest> stream = prepared;
    call = stream;
    if (stream != null && cancelled) {
      stream.cancel("nobody reads any more", null);
    } else if (stream != null && wanted > 0) {
      stream.request(wanted);
      wanted = 0;
    }
  }

  @Override
  public synchronized void request(int pieces) {
    ClientCallStreamObserver<ReadRequest> stream = call;
    if (stream == null) {
      wanted += pieces;
    } else {
      stream.request(pieces);
    }
  }

  @Override
  public synchronized void cancel() {
    cancelled = true;
    ClientCallStreamObserver<ReadRequest> stream = call;
    if (stream != null) {
      stream.cancel("nobody reads any more", null);
    }
  }

  @Override
  public void onNext(ReadPiece piece) {
    began = true;
    listener.piece(piece.getContent().asReadOnlyByteBuffer());
  }

  @Override
  public void onError(Throwable failure) {
    Status status = Status.fromThrowable(failure);
    String said = status.getDescription();
    listener.failed(
        switch (status.getCode()) {
          case PERMISSION_DENIED -> Failure.REFUSED;
          case UNAVAILABLE, UNAUTHENTICATED, UNIMPLEMENTED ->
              began ? Failure.LOST : Failure.UNREACHABLE;
          default -> Failure.LOST;
        },
        said == null ? "it answers " + status.getCode() : said);
  }

  @Override
  public void onCompleted() {
    listener.ended();
  }
}
