// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.ServerFlags;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantsFile;
import io.remora.server.tenant.TokenEntry;
import io.remora.wire.WireLimits;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server with echoing sessions, and clients over real sockets. */
final class RemoraServerTest {
  private static final DeviceDescription DEVICE =
      new DeviceDescription(0, "test", "00", 1L << 30, Map.of(), "0000:00:00.0", 0, 0, Map.of());

  @TempDir private Path folder;
  private final EchoSessions sessions = new EchoSessions();
  private @Nullable RemoraServer running;

  private RemoraServer start(String config) throws Exception {
    Path file = Files.writeString(folder.resolve("server.yaml"), "listen: 127.0.0.1:0\n" + config);
    running =
        RemoraServer.start(
            ServerConfig.read(file, ServerFlags.NONE, folder.resolve("state")),
            List.of(DEVICE),
            sessions,
            null,
            Clock.systemUTC());
    return server();
  }

  @AfterEach
  void stop() {
    if (running != null) {
      running.stop(Duration.ZERO);
    }
  }

  private RemoraServer server() {
    return Objects.requireNonNull(running, "start() first");
  }

  private String token() throws Exception {
    return Files.readString(server().tokenFile().orElseThrow()).strip();
  }

  private static void await(String what, BooleanSupplier condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waiting for %s", what).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private void changeTenants(UnaryOperator<Tenant> change) {
    TenantsFile.update(server().tenantsFile(), tenants -> tenants.stream().map(change).toList());
  }

  @Test
  void aClientWithTheLocalTokenGetsASessionOverTls() throws Exception {
    start("");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      TestClient.Stream stream = client.hello(token());
      assertThat(new String(stream.receive(), StandardCharsets.UTF_8)).isEqualTo("local");
      stream.send(new byte[] {7, 8, 9});
      assertThat(stream.receive()).containsExactly(7, 8, 9);
      stream.call.halfClose();
      assertThat(stream.end().getCode()).isEqualTo(Status.Code.OK);
      assertThat(sessions.ends).containsExactly("the client has closed its stream");
      assertThat(server().tenants().sessions()).isZero();
    }
    assertThat(folder.resolve("state/local.yaml"))
        .content()
        .contains("server: \"127.0.0.1:" + server().port() + "\"", "token_file: ", "ca: ");
  }

  @Test
  void framesOfEverySizeComeBackOverTlsAndInTheClear() throws Exception {
    for (String config : List.of("", "tls: off\n")) {
      start(config);
      try (TestClient client = new TestClient(server(), server().ca().orElse(null))) {
        TestClient.Stream stream = client.hello(token());
        stream.receive();
        for (int bytes : new int[] {1, 100, 16_384, 16_385, 70_000, WireLimits.FRAME_BYTES_MAX}) {
          byte[] frame = new byte[bytes];
          for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) (3 + i % 100);
          }
          stream.send(frame);
          assertThat(stream.receive()).isEqualTo(frame);
        }
      }
      server().stop(Duration.ZERO);
    }
  }

  @Test
  void badTokensAreRefusedWithARemedy() throws Exception {
    start("");
    String good = token();
    String other = io.remora.server.tenant.Token.generate(new java.security.SecureRandom()).text();
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      assertRefused(client.hello(null), "no token was sent: set REMORA_TOKEN");
      assertRefused(client.hello(good.substring(1)), "not a complete token");
      assertRefused(client.hello(other), "not valid on this server");
      changeTenants(
          tenant ->
              tenant.withTokens(
                  tenant.tokens().stream()
                      .map(entry -> entry.expiringAt(Instant.parse("2020-01-01T00:00:00Z")))
                      .toList()));
      awaitRefusal(client, good, "expired at 2020-01-01T00:00:00Z");
      changeTenants(
          tenant ->
              tenant.withTokens(tenant.tokens().stream().map(TokenEntry::asRevoked).toList()));
      awaitRefusal(client, good, "was revoked");
    }
    assertThat(sessions.outputs).isEmpty();
  }

  private static void assertRefused(TestClient.Stream stream, String message) throws Exception {
    assertThat(stream.end().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(stream.end().getDescription()).contains(message);
  }

  private void awaitRefusal(TestClient client, String token, String message) throws Exception {
    await(
        message,
        () -> {
          try {
            TestClient.Stream stream = client.open(token);
            stream.call.halfClose();
            String description = stream.end().getDescription();
            return description != null && description.contains(message);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
  }

  @Test
  void revokingATokenEndsItsLiveSessions() throws Exception {
    start("");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      TestClient.Stream stream = client.hello(token());
      stream.receive();
      changeTenants(
          tenant ->
              tenant.withTokens(tenant.tokens().stream().map(TokenEntry::asRevoked).toList()));
      assertRefused(stream, "the token of this session was revoked");
      assertThat(sessions.ends).hasSize(1);
    }
  }

  @Test
  void aTenantsSessionLimitHolds() throws Exception {
    start("");
    changeTenants(
        t ->
            new Tenant(
                t.name(), 1, t.tenantClass(), null, 1, t.devices(), t.expires(), t.tokens()));
    server().stop(Duration.ZERO);
    start("");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      TestClient.Stream first = client.hello(token());
      first.receive();
      TestClient.Stream second = client.hello(token());
      assertThat(second.end().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(second.end().getDescription()).contains("has 1 sessions and may have no more");
      first.call.cancel("enough", null);
      await("the slot", () -> server().tenants().sessions() == 0);
      client.hello(token()).receive();
    }
  }

  @Test
  void aStreamThatSaysNothingIsClosed() throws Exception {
    start("limits: {handshake_time: 2s}\n");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      TestClient.Stream silent = client.open(token());
      assertThat(silent.end().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(silent.end().getDescription()).contains("no Hello came within 2000 ms");
      assertThat(server().tenants().sessions()).isZero();
    }
  }

  @Test
  void anythingButHelloAtFirstIsRefused() throws Exception {
    start("");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      byte[][] frames = {
        {}, {16, 1}, {10, 5, 1}, {10, 1, 7}, {(byte) 0xff, (byte) 0xff}, concat(), {3, 1}
      };
      for (byte[] frame : frames) {
        TestClient.Stream stream = client.open(token());
        stream.send(frame);
        assertThat(stream.end().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      }
      TestClient.Stream old = client.open(token());
      old.send(TestClient.helloFrame(99));
      assertThat(old.end().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(old.end().getDescription()).isEqualTo("use version 1");
      await("free slots", () -> server().tenants().sessions() == 0);
    }
  }

  private static byte[] concat() {
    byte[] hello = TestClient.helloFrame(1);
    byte[] twice = new byte[2 * hello.length];
    System.arraycopy(hello, 0, twice, 0, hello.length);
    System.arraycopy(hello, 0, twice, hello.length, hello.length);
    return twice;
  }

  @Test
  void whatEndsOneSessionLeavesTheOthersAlone() throws Exception {
    start("");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      TestClient.Stream neighbour = client.hello(token());
      neighbour.receive();
      TestClient.Stream broken = client.hello(token());
      broken.send(new byte[] {EchoSessions.THROW});
      assertThat(broken.end().getCode()).isEqualTo(Status.Code.INTERNAL);
      assertThat(broken.end().getDescription()).contains("a defect in the server");
      TestClient.Stream wrong = client.hello(token());
      wrong.send(new byte[] {EchoSessions.VIOLATE});
      assertThat(wrong.end().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(wrong.end().getDescription()).isEqualTo("call 5 came after call 3");
      TestClient.Stream huge = client.hello(token());
      huge.receive();
      huge.send(new byte[WireLimits.FRAME_BYTES_MAX + 1]);
      assertThat(huge.end().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      TestClient.Stream monstrous = client.hello(token());
      monstrous.receive();
      monstrous.send(new byte[8 << 20]);
      assertThat(monstrous.end().getCode()).isEqualTo(Status.Code.CANCELLED);
      neighbour.send(new byte[] {42});
      assertThat(neighbour.receive()).containsExactly(42);
      await("four ends", () -> sessions.ends.size() == 4);
    }
  }

  @Test
  void aServerWideSessionLimitHolds() throws Exception {
    start("limits: {sessions: 1}\n");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      client.hello(token()).receive();
      TestClient.Stream second = client.hello(token());
      assertThat(second.end().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(second.end().getDescription()).contains("limits.sessions");
    }
  }

  @Test
  void connectionsAboveTheLimitAreClosed() throws Exception {
    start("tls: off\nlimits: {connections: 1}\n");
    try (TestClient first = new TestClient(server(), null)) {
      TestClient.Stream stream = first.hello(token());
      stream.receive();
      try (TestClient second = new TestClient(server(), null)) {
        Status refused = second.hello(token()).end();
        assertThat(refused.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(refused.getDescription()).contains("limits.connections");
      }
      stream.send(new byte[] {42});
      assertThat(stream.receive()).containsExactly(42);
    }
    await("the connection's end", () -> server().tenants().sessions() == 0);
    try (TestClient third = new TestClient(server(), null)) {
      await(
          "a free connection",
          () -> {
            try {
              TestClient.Stream stream = third.hello(token());
              stream.call.halfClose();
              return stream.end().isOk();
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          });
    }
  }

  @Test
  void garbageOnThePortDisturbsNobody() throws Exception {
    SplittableRandom random = new SplittableRandom(4711);
    for (String config : List.of("", "tls: off\n")) {
      start(config);
      try (TestClient client = new TestClient(server(), server().ca().orElse(null))) {
        TestClient.Stream stream = client.hello(token());
        stream.receive();
        for (int round = 0; round < 10; round++) {
          sendGarbage(random, round);
          stream.send(new byte[] {42});
          assertThat(stream.receive()).containsExactly(42);
        }
      }
      server().stop(Duration.ZERO);
    }
  }

  private void sendGarbage(SplittableRandom random, int round) throws Exception {
    byte[] bytes = new byte[2000];
    random.nextBytes(bytes);
    if (round % 2 == 0) {
      byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
      System.arraycopy(preface, 0, bytes, 0, preface.length);
    }
    try (Socket socket = new Socket("127.0.0.1", server().port())) {
      socket.setSoTimeout(20_000);
      OutputStream out = socket.getOutputStream();
      out.write(bytes);
      out.flush();
      InputStream in = socket.getInputStream();
      while (in.read() >= 0) {
        // Until the server closes the connection.
      }
    } catch (java.net.SocketException reset) {
      assertThat(reset).hasMessageContaining("reset");
    }
  }

  @Test
  void reflectionNamesTheServicesWhereItIsOn() throws Exception {
    start("reflection: true\n");
    assertThat(servicesByReflection()).contains("remora.v1.Driver", "grpc.health.v1.Health");
    stop();
    start("reflection: false\n");
    assertThatThrownBy(this::servicesByReflection).hasMessageContaining("UNIMPLEMENTED");
  }

  private List<String> servicesByReflection() throws Exception {
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
      StreamObserver<ServerReflectionRequest> asked =
          ServerReflectionGrpc.newStub(client.channel).serverReflectionInfo(new First<>(answer));
      asked.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
      try {
        return answer.get(20, TimeUnit.SECONDS).getListServicesResponse().getServiceList().stream()
            .map(ServiceResponse::getName)
            .toList();
      } catch (ExecutionException e) {
        throw Status.fromThrowable(e).asRuntimeException();
      } finally {
        asked.onCompleted();
      }
    }
  }

  /** Takes a stream's first message, or its failure. */
  private record First<T>(CompletableFuture<T> answer) implements StreamObserver<T> {
    @Override
    public void onNext(T message) {
      answer.complete(message);
    }

    @Override
    public void onError(Throwable failure) {
      answer.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {}
  }

  @Test
  void healthNamesTheServerAndItsDevices() throws Exception {
    start("");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      var health = HealthGrpc.newBlockingStub(client.channel);
      for (String service : List.of("", "remora.v1.Driver", "remora.device.0")) {
        assertThat(
                health
                    .check(HealthCheckRequest.newBuilder().setService(service).build())
                    .getStatus())
            .isEqualTo(ServingStatus.SERVING);
      }
      assertThatThrownBy(
              () ->
                  health.check(
                      HealthCheckRequest.newBuilder().setService("remora.device.1").build()))
          .hasMessageContaining("NOT_FOUND");
    }
  }

  @Test
  void aStoppingServerLetsSessionsFinishAndThenEndsThem() throws Exception {
    start("");
    try (TestClient client = new TestClient(server(), server().ca().orElseThrow())) {
      TestClient.Stream finishing = client.hello(token());
      finishing.receive();
      TestClient.Stream staying = client.hello(token());
      staying.receive();
      CompletableFuture<Void> stopped =
          CompletableFuture.runAsync(() -> server().stop(Duration.ofSeconds(3)));
      finishing.send(new byte[] {42});
      assertThat(finishing.receive()).containsExactly(42);
      finishing.call.halfClose();
      assertThat(finishing.end().isOk()).isTrue();
      assertThat(staying.end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(staying.end().getDescription()).contains("the server is stopping");
      stopped.get(20, TimeUnit.SECONDS);
      assertThat(client.hello(token()).end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }
}
