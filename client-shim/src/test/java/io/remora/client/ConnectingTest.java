// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static io.remora.client.TestCalls.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Metadata;
import io.grpc.Status;
import io.remora.client.ConnectionException.Reason;
import io.remora.client.FakeServer.Behaviour;
import io.remora.client.FakeServer.Session;
import io.remora.v1.Hello;
import io.remora.v1.ServerFrame;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Opening sessions: what the server hears, and each way to fail with its own words. */
@Timeout(60)
final class ConnectingTest {
  private static ConnectionException refusal(ConnectionSettings settings) {
    ConnectionException thrown =
        catchThrowableOfType(ConnectionException.class, () -> RemoteCuda.connect(settings).close());
    assertThat(thrown).as("connecting must fail").isNotNull();
    return thrown;
  }

  private static Behaviour refusing(Status status) {
    return new Behaviour() {
      @Override
      public void onHello(Session session, Hello hello, Metadata headers) {
        session.end(status);
      }
    };
  }

  @Test
  void theServerHearsTokenProcessAndProgram() throws Exception {
    CompletableFuture<Hello> seen = new CompletableFuture<>();
    CompletableFuture<String> authorization = new CompletableFuture<>();
    Behaviour listening =
        new Behaviour() {
          @Override
          public void onHello(Session session, Hello hello, Metadata headers) {
            seen.complete(hello);
            authorization.complete(
                headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER)));
            Behaviour.super.onHello(session, hello, headers);
          }
        };
    try (FakeServer server = new FakeServer(listening);
        RemoteCuda cuda = RemoteCuda.connect(server.settings().withToken("secret"))) {
      assertThat(authorization.get()).isEqualTo("Bearer secret");
      assertThat(seen.get().getProcessId()).isEqualTo(ProcessHandle.current().pid());
      assertThat(seen.get().getTableHash().size()).isEqualTo(32);
      assertThat(cuda.welcome().getTenant()).isEqualTo("tester");
      int[] count = new int[1];
      byte[] name = new byte[32];
      CUdevice device = new CUdevice();
      ok(cuda.cuDeviceGetCount(count));
      ok(cuda.cuDeviceGet(device, 0));
      ok(cuda.cuDeviceGetName(name, name.length, device));
      assertThat(count[0]).isEqualTo(1);
      assertThat(new String(name, 0, 11, java.nio.charset.StandardCharsets.UTF_8))
          .isEqualTo("fake device");
      assertThat(cuda.cuDeviceGet(device, 1)).isEqualTo(CUresult.CUDA_ERROR_INVALID_DEVICE);
    }
  }

  @Test
  void aPortWithoutAServerIsUnreachable() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    ConnectionException refused =
        refusal(ConnectionSettings.of("127.0.0.1", port).withPlaintext(true));
    assertThat(refused.reason()).isEqualTo(Reason.UNREACHABLE);
    assertThat(refused).hasMessageContaining("127.0.0.1:" + port);
  }

  @Test
  void aNameThatDoesNotExistIsUnreachable() {
    ConnectionException refused =
        refusal(ConnectionSettings.of("no-such-host.invalid", 7443).withPlaintext(true));
    assertThat(refused.reason()).isEqualTo(Reason.UNREACHABLE);
  }

  @Test
  void aRefusedTokenIsSaidWithTheServersWords() throws Exception {
    try (FakeServer server =
        new FakeServer(refusing(Status.UNAUTHENTICATED.withDescription("it has expired")))) {
      ConnectionException refused = refusal(server.settings());
      assertThat(refused.reason()).isEqualTo(Reason.TOKEN);
      assertThat(refused).hasMessageContaining("it has expired");
    }
  }

  @Test
  void aServerThatDrainsIsBusyAndAnotherVersionIsAnotherVersion() throws Exception {
    try (FakeServer server =
        new FakeServer(refusing(Status.UNAVAILABLE.withDescription("going down")))) {
      assertThat(refusal(server.settings()).reason()).isEqualTo(Reason.BUSY);
    }
    try (FakeServer server =
        new FakeServer(refusing(Status.FAILED_PRECONDITION.withDescription("too old")))) {
      assertThat(refusal(server.settings()).reason()).isEqualTo(Reason.VERSION);
    }
    Behaviour newer =
        new Behaviour() {
          @Override
          public void onHello(Session session, Hello hello, Metadata headers) {
            session.send(
                ServerFrame.newBuilder()
                    .setWelcome(FakeServer.welcome(1, 1).toBuilder().setProtocolVersion(4))
                    .build());
          }
        };
    try (FakeServer server = new FakeServer(newer)) {
      assertThat(refusal(server.settings()).reason()).isEqualTo(Reason.VERSION);
    }
  }

  @Test
  void aServerThatSaysNothingIsTimedOut() throws Exception {
    Behaviour mute =
        new Behaviour() {
          @Override
          public void onHello(Session session, Hello hello, Metadata headers) {}
        };
    Duration bound = Duration.ofMillis(300);
    try (FakeServer server = new FakeServer(mute)) {
      ConnectionException refused = refusal(server.settings().withTimeouts(bound, bound));
      assertThat(refused.reason()).isEqualTo(Reason.TIMEOUT);
    }
    try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ConnectionSettings settings =
          ConnectionSettings.of("127.0.0.1", deaf.getLocalPort())
              .withPlaintext(true)
              .withTimeouts(bound, bound);
      assertThat(refusal(settings).reason()).isIn(Reason.UNREACHABLE, Reason.TIMEOUT);
    }
  }

  @Test
  void tlsTowardsAServerWithoutItIsATlsFailure() throws Exception {
    try (FakeServer server = new FakeServer()) {
      ConnectionException refused = refusal(server.settings().withPlaintext(false));
      assertThat(refused.reason()).isEqualTo(Reason.TLS);
    }
  }

  @Test
  void aCaFileThatIsNotThereIsNamed() {
    ConnectionSettings settings =
        ConnectionSettings.of("127.0.0.1", 1).withCaFile(Path.of("/no/such/ca.pem"));
    ConnectionException refused = refusal(settings);
    assertThat(refused.reason()).isEqualTo(Reason.SETTINGS);
    assertThat(refused).hasMessageContaining("/no/such/ca.pem");
  }

  @Test
  void addressesAreReadInEveryForm() {
    assertThat(ConnectionSettings.parse("gpu1").server()).isEqualTo("gpu1:7443");
    assertThat(ConnectionSettings.parse("gpu1:99").port()).isEqualTo(99);
    assertThat(ConnectionSettings.parse("[::1]:99").host()).isEqualTo("::1");
    assertThat(ConnectionSettings.parse("::1").server()).isEqualTo("[::1]:7443");
    assertThat(
            catchThrowableOfType(
                IllegalArgumentException.class, () -> ConnectionSettings.parse("gpu1:x")))
        .hasMessageContaining("HOST:PORT");
  }

  @Test
  void settingsDoNotShowTheToken() {
    assertThat(ConnectionSettings.of("h", 1).withToken("secret").toString())
        .doesNotContain("secret");
  }
}
