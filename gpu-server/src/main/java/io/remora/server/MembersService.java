// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.remora.v1.MembersGrpc;
import io.remora.v1.TakeAnswer;
import io.remora.v1.TakePart;
import java.util.concurrent.Executor;

/** What other members of the pool ask this one: to take a session over. */
final class MembersService extends MembersGrpc.MembersImplBase {
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
}
