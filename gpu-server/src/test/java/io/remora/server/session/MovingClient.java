// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.remora.server.session.generated.Calls;
import io.remora.server.tenant.Isolation;
import io.remora.server.tenant.TenantAccount;
import io.remora.server.tenant.TenantClass;
import io.remora.server.tenant.TenantGrant;
import io.remora.v1.Answer;
import io.remora.v1.AsyncError;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.v1.CuGraphDestroy;
import io.remora.v1.CuGraphExecDestroy;
import io.remora.v1.CuGraphRetainUserObject;
import io.remora.v1.Hello;
import io.remora.v1.ServerFrame;
import io.remora.v1.Welcome;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A client that follows its session to another server, and sends a frame when it is asked to. */
final class MovingClient {
  static final long WAIT_SECONDS = 20;

  final List<AsyncError> errors = new ArrayList<>();

  /** Tokens of functions that are to be called. */
  final List<Long> callbacks = new ArrayList<>();

  final Welcome welcome;
  Session session;
  private final LinkedBlockingQueue<ServerFrame> frames = new LinkedBlockingQueue<>();
  private final List<byte[]> sentAgain = new ArrayList<>();
  private Stream stream = new Stream();
  private long sentBytes;
  private long receivedBytes;
  private long sequence;

  MovingClient(Sessions sessions, TenantGrant grant) throws Exception {
    Hello hello =
        Hello.newBuilder()
            .setProtocolVersion(Handshake.PROTOCOL_VERSION)
            .setTableHash(ByteString.copyFrom(Calls.tableHash()))
            .setResumable(true)
            .setFollows(true)
            .build();
    session = sessions.open(grant, hello, stream);
    welcome = next().getWelcome();
    receivedBytes = 0;
  }

  static TenantGrant grant(TenantAccount account, CountDownLatch closed) {
    return new TenantGrant(
        "tenant",
        1,
        TenantClass.NORMAL,
        Isolation.GUARDED,
        account.memory().quotaBytes(),
        Set.of(),
        account,
        closed::countDown);
  }

  /** Where the client was told to go on; done when it was. */
  CompletableFuture<String> toldToMove() {
    return stream.moved;
  }

  /** Goes on at another server, as resuming has it. */
  void follow(Session there) throws Exception {
    Stream next = new Stream();
    stream = next;
    session = there;
    there.presence().onResume(next, receivedBytes);
    ServerFrame first = next();
    receivedBytes -= first.getSerializedSize();
    assertThat(first.hasResumed()).isTrue();
    long from = first.getResumed().getReceivedBytes();
    assertThat(from).isLessThanOrEqualTo(sentBytes);
    long at = sentBytes - sentAgain.stream().mapToLong(each -> each.length).sum();
    for (byte[] frame : sentAgain) {
      at += frame.length;
      if (at > from) {
        assertThat(next.requested.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        there.onFrame(InboundFrame.of(frame), next);
      }
    }
  }

  /** Gives a graph a reference to an object of the client. */
  void retain(long graph, long token) throws InterruptedException {
    call(
        Calls.CU_GRAPH_RETAIN_USER_OBJECT,
        CuGraphRetainUserObject.newBuilder().setGraph(graph).setCount(1).setToken(token).build());
  }

  /** Destroys a graph and what was instantiated of it. */
  void destroy(long graph, long exec) throws InterruptedException {
    call(Calls.CU_GRAPH_DESTROY, CuGraphDestroy.newBuilder().setHGraph(graph).build());
    call(Calls.CU_GRAPH_EXEC_DESTROY, CuGraphExecDestroy.newBuilder().setHGraphExec(exec).build());
  }

  private ServerFrame next() throws InterruptedException {
    ServerFrame frame =
        Objects.requireNonNull(
            frames.poll(WAIT_SECONDS, TimeUnit.SECONDS), "no frame of the server came");
    receivedBytes += frame.getSerializedSize();
    return frame;
  }

  /** Sends a frame, whether or not the server takes it here. */
  void send(ClientFrame frame) throws InterruptedException {
    byte[] bytes = frame.toByteArray();
    sentAgain.add(bytes);
    sentBytes += bytes.length;
    assertThat(stream.requested.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    session.onFrame(InboundFrame.of(bytes), stream);
  }

  ClientFrame frame(int number, MessageLite arguments, int times) {
    ClientFrame.Builder frame = ClientFrame.newBuilder().setFirstSequence(sequence + 1);
    for (int i = 0; i < times; i++) {
      frame.addCalls(Call.newBuilder().setNumber(number).setArguments(arguments.toByteString()));
    }
    sequence += times;
    return frame.build();
  }

  long call(int number, MessageLite arguments) throws InterruptedException {
    send(frame(number, arguments, 1));
    return sequence;
  }

  /** Waits for the last answer to a call. */
  Answer wait(int number, MessageLite arguments) throws InterruptedException {
    List<Answer> pieces = pieces(call(number, arguments));
    Answer answer = pieces.get(pieces.size() - 1);
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return answer;
  }

  List<Answer> pieces(long of) throws InterruptedException {
    List<Answer> pieces = new ArrayList<>();
    while (true) {
      ServerFrame frame = next();
      errors.addAll(frame.getErrorsList());
      frame.getCallbacksList().forEach(each -> callbacks.add(each.getToken()));
      for (Answer answer : frame.getAnswersList()) {
        if (answer.getSequence() != of) {
          // Of an earlier call that nobody has waited for here.
          assertThat(answer.getResult()).as(answer.getDetail()).isZero();
          continue;
        }
        pieces.add(answer);
        if (!answer.getMore()) {
          return pieces;
        }
      }
    }
  }

  private final class Stream implements SessionOutput {
    final Semaphore requested = new Semaphore(0);
    final CompletableFuture<String> moved = new CompletableFuture<>();

    @Override
    public void send(OutboundFrame frame) {
      try {
        frames.add(ServerFrame.parseFrom(frame.toByteArray()));
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void onReady(Runnable whenWritable) {}

    @Override
    public void requestFrame() {
      requested.release();
    }

    @Override
    public void moved(String server) {
      moved.complete(server);
    }

    @Override
    public void end(ProtocolException cause) {
      frames.add(ServerFrame.getDefaultInstance());
    }
  }
}
