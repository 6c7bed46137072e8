// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.remora.client.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Hello;
import io.remora.v1.ServerFrame;
import io.remora.v1.Welcome;
import io.remora.wire.DriverMethods;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import io.remora.wire.WireReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUdevice_attribute;

/**
 * A server that speaks the wire over a real socket and does what a test tells it. Unless told
 * otherwise it welcomes everybody, answers every waiting call with success and no outputs, and
 * gives credit for every frame.
 */
final class FakeServer implements AutoCloseable {
  static final int CHUNK_BYTES = 1 << 20;

  private final Server server;
  private final Behaviour behaviour;
  final List<Session> sessions = new CopyOnWriteArrayList<>();

  /** What a test may change. */
  interface Behaviour {
    default void onHello(Session session, Hello hello, Metadata headers) {
      session.send(ServerFrame.newBuilder().setWelcome(welcome(4096, 64 << 20)).build());
    }

    default void onCall(Session session, ReceivedCall call) {
      if (Calls.isSync(call.number())) {
        session.answer(call, new byte[0]);
      }
    }

    default void onFrameEnd(Session session) {
      session.credit();
    }
  }

  /** A call as it came. */
  record ReceivedCall(long sequence, int number, long context, byte[] arguments, int frame) {
    WireReader reader() {
      return InboundFrame.of(arguments).reader();
    }
  }

  FakeServer(Behaviour behaviour) throws IOException {
    this.behaviour = behaviour;
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .directExecutor()
            .maxInboundMessageSize(4 << 20)
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .addService(
                ServerServiceDefinition.builder(DriverMethods.SERVICE)
                    .addMethod(
                        DriverMethods.openForServer(),
                        (call, headers) -> {
                          Session session = new Session(call, headers);
                          sessions.add(session);
                          call.request(Integer.MAX_VALUE);
                          return session;
                        })
                    .build())
            .build()
            .start();
  }

  FakeServer() throws IOException {
    this(new Behaviour() {});
  }

  static Welcome welcome(int windowCalls, long windowBytes) {
    return Welcome.newBuilder()
        .setProtocolVersion(1)
        .setTableHash(ByteString.copyFrom(Calls.tableHash()))
        .setSupportedCalls(ByteString.copyFrom(Calls.supportedCalls()))
        .setServerVersion("fake")
        .setSessionId("s1")
        .setTenant("tester")
        .setWindowCalls(windowCalls)
        .setWindowBytes(windowBytes)
        .setChunkBytesMax(CHUNK_BYTES)
        .setFrameBytesMax(CHUNK_BYTES + (64 << 10))
        .setDriverVersion(12060)
        .addDevices(
            DeviceSnapshot.newBuilder()
                .setName("fake device")
                .setUuid(ByteString.copyFrom(new byte[16]))
                .setTotalMemoryBytes(1 << 30)
                .setPciBusId("0000:01:00.0")
                .setKind("software")
                .setStreamPriorityGreatest(-5)
                .putAllAttributes(
                    Map.of(
                        CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
                        1024,
                        CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                        8,
                        CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                        0))
                .putLimits(0, 1024L))
        .build();
  }

  ConnectionSettings settings() {
    return ConnectionSettings.of("127.0.0.1", server.getPort()).withPlaintext(true);
  }

  /** A client with a current context. */
  RemoteCuda connect() throws ConnectionException {
    RemoteCuda cuda = RemoteCuda.connect(settings());
    TestCalls.makeCurrent(cuda);
    return cuda;
  }

  Session session() {
    return sessions.get(0);
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      server.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One client's stream. */
  final class Session extends ServerCall.Listener<InboundFrame> {
    private final ServerCall<InboundFrame, OutboundFrame> call;
    private final Metadata headers;
    final ConcurrentLinkedQueue<ReceivedCall> calls = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<Long> callbacksDone = new ConcurrentLinkedQueue<>();
    volatile int frames;
    volatile long bytes;
    volatile long lastSequence;
    volatile boolean ended;
    private boolean welcomed;
    private boolean closed;

    Session(ServerCall<InboundFrame, OutboundFrame> call, Metadata headers) {
      this.call = call;
      this.headers = headers;
      call.sendHeaders(new Metadata());
    }

    synchronized void send(ServerFrame frame) {
      sendRaw(frame.toByteArray());
    }

    synchronized void sendRaw(byte[] frame) {
      if (!closed && !call.isCancelled()) {
        call.sendMessage(OutboundFrame.of(frame, 0, frame.length));
      }
    }

    void answer(ReceivedCall to, byte[] outputs) {
      send(
          ServerFrame.newBuilder()
              .addAnswers(
                  Answer.newBuilder()
                      .setSequence(to.sequence())
                      .setOutputs(ByteString.copyFrom(outputs)))
              .build());
    }

    void fail(ReceivedCall to, int result, String detail) {
      send(
          ServerFrame.newBuilder()
              .addAnswers(
                  Answer.newBuilder()
                      .setSequence(to.sequence())
                      .setResult(result)
                      .setDetail(detail))
              .build());
    }

    void credit() {
      send(
          ServerFrame.newBuilder()
              .setConsumedSequence(lastSequence)
              .setConsumedBytes(bytes)
              .build());
    }

    synchronized void end(Status status) {
      closed = true;
      call.close(status, new Metadata());
    }

    List<ReceivedCall> callsOf(int number) {
      List<ReceivedCall> found = new ArrayList<>();
      for (ReceivedCall each : calls) {
        if (each.number() == number) {
          found.add(each);
        }
      }
      return found;
    }

    @Override
    public void onMessage(InboundFrame frame) {
      try (frame) {
        WireReader in = frame.reader();
        if (!welcomed) {
          welcomed = true;
          in.readTag();
          behaviour.onHello(this, hello(in.readBytes()), headers);
          return;
        }
        frames++;
        bytes += frame.bytes();
        read(in);
        behaviour.onFrameEnd(this);
      }
    }

    private Hello hello(byte[] bytes) {
      try {
        return Hello.parseFrom(bytes);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private void read(WireReader in) {
      long sequence = 0;
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        switch (tag >>> 3) {
          case 2 -> sequence = in.readVarint64();
          case 3 -> {
            ReceivedCall received = readCall(in, sequence++);
            calls.add(received);
            lastSequence = received.sequence();
            behaviour.onCall(this, received);
          }
          case 4 -> {
            int outer = in.pushLimit(in.readLength());
            callbacksDone.add(in.readVarint64());
            in.popLimit(outer);
          }
          default -> in.skip(tag);
        }
      }
    }

    private ReceivedCall readCall(WireReader in, long sequence) {
      int outer = in.pushLimit(in.readLength());
      int number = 0;
      long context = 0;
      byte[] arguments = new byte[0];
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        switch (tag >>> 3) {
          case 1 -> number = in.readVarint32();
          case 2 -> arguments = in.readBytes();
          case 3 -> context = in.readVarint64();
          default -> in.skip(tag);
        }
      }
      in.popLimit(outer);
      return new ReceivedCall(sequence, number, context, arguments, frames);
    }

    @Override
    public void onHalfClose() {
      ended = true;
      end(Status.OK);
    }

    @Override
    public void onCancel() {
      ended = true;
    }
  }
}
