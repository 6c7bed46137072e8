// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.remora.server.session.DirectRead;
import io.remora.server.session.LogText;
import io.remora.server.session.RefusedTicket;
import io.remora.v1.MembersGrpc;
import io.remora.v1.ReadPiece;
import io.remora.v1.ReadRequest;
import io.remora.v1.TakeAnswer;
import io.remora.v1.TakePart;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What other members of the pool ask this one: to take a session over, and for device memory that a
 * session has offered.
 */
final class MembersService extends MembersGrpc.MembersImplBase {
  private static final Logger log = LoggerFactory.getLogger(MembersService.class);

  private final Taking.Place place;
  private final Executor workers;

  private MembersService(Taking.Place place, Executor workers) {
    this.place = place;
    this.workers = workers;
  }

  /**
   * The service behind a check of who calls.
   *
   * @param workers what parts are taken on: drivers and loading modules may block
   * @param memberCheck lets members in only
   */
  static ServerServiceDefinition definition(
      Taking.Place place, Executor workers, ServerInterceptor memberCheck) {
    return ServerInterceptors.intercept(new MembersService(place, workers), memberCheck);
  }

  @Override
  public StreamObserver<TakePart> take(StreamObserver<TakeAnswer> observer) {
    var call = (ServerCallStreamObserver<TakeAnswer>) observer;
    call.disableAutoRequest();
    Taking taking = new Taking(place, call);
    Executor inOrder = MoreExecutors.newSequentialExecutor(workers);
    call.setOnCancelHandler(() -> inOrder.execute(taking::callerGone));
    call.request(1);
    return new StreamObserver<>() {
      @Override
      public void onNext(TakePart part) {
        inOrder.execute(() -> taking.part(part));
      }

      @Override
      public void onError(Throwable failure) {
        inOrder.execute(taking::callerGone);
      }

      @Override
      public void onCompleted() {
        inOrder.execute(taking::callerDone);
      }
    };
  }

  @Override
  public void read(ReadRequest request, StreamObserver<ReadPiece> observer) {
    var call = (ServerCallStreamObserver<ReadPiece>) observer;
    DirectRead read;
    try {
      if (!request.getPool().equals(place.office().pool().name())) {
        throw new RefusedTicket("it is of another pool");
      }
      read =
          place.sessions().tickets().redeem(request.getTicket().toByteArray(), request.getTenant());
    } catch (RefusedTicket refused) {
      // What was shown isn't said: it may be good elsewhere.
      log.warn(
          "A member's ticket to read device memory for tenant {} is refused: {}",
          LogText.printable(request.getTenant()),
          refused.why());
      call.onError(
          Status.PERMISSION_DENIED
              .withDescription("the ticket is refused: " + refused.why())
              .asException());
      return;
    }
    call.setOnReadyHandler(read::ready);
    call.setOnCancelHandler(read::gone);
    read.begin(new PieceSink(call));
  }

  /** Sends pieces, whose bytes the transport copies before {@code onNext} returns. */
  private record PieceSink(ServerCallStreamObserver<ReadPiece> call) implements DirectRead.Sink {
    @Override
    public boolean isReady() {
      return call.isReady();
    }

    @Override
    public void piece(ByteBuffer bytes) {
      call.onNext(
          ReadPiece.newBuilder().setContent(UnsafeByteOperations.unsafeWrap(bytes)).build());
    }

    @Override
    public void end() {
      call.onCompleted();
    }

    @Override
    public void fail(String why) {
      call.onError(Status.UNAVAILABLE.withDescription(why).asException());
    }
  }
}
