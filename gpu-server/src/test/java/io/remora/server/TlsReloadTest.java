// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.ServerFlags;
import io.remora.server.tls.LocalCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates that change under a running server, and clients that need one. */
final class TlsReloadTest {
  @TempDir private Path folder;

  private LocalCertificates make(String name) throws Exception {
    return LocalCertificates.ensure(
        folder.resolve(name), "localhost", Instant.now(), new SecureRandom());
  }

  private RemoraServer start(String config) throws Exception {
    Path file = Files.writeString(folder.resolve("server.yaml"), "listen: 127.0.0.1:0\n" + config);
    return RemoraServer.start(
        ServerConfig.read(file, ServerFlags.NONE, folder.resolve("state")),
        List.of(),
        new EchoSessions(),
        null,
        Clock.systemUTC());
  }

  private static String token(RemoraServer server) throws IOException {
    return Files.readString(server.tokenFile().orElseThrow()).strip();
  }

  private static void replace(Path from, Path to) throws IOException {
    Path copy = to.resolveSibling("copy");
    Files.copy(from, copy, StandardCopyOption.REPLACE_EXISTING);
    Files.move(copy, to, StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void newConnectionsGetTheNewCertificateAndOldStreamsLiveOn() throws Exception {
    LocalCertificates first = make("first");
    LocalCertificates second = make("second");
    LocalCertificates used = make("used");
    replace(first.certificate(), used.certificate());
    replace(first.key(), used.key());
    RemoraServer server = start("certificate: used/server.pem\nkey: used/server.key\n");
    try (TestClient client = new TestClient(server, first.ca())) {
      TestClient.Stream stream = client.hello(token(server));
      stream.receive();
      Object before = serial(server);

      replace(second.certificate(), used.certificate());
      replace(second.key(), used.key());
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (serial(server).equals(before)) {
        assertThat(System.nanoTime()).isLessThan(end);
      }
      try (TestClient late = new TestClient(server, second.ca())) {
        late.hello(token(server)).receive();
      }
      stream.send(new byte[] {42});
      assertThat(stream.receive()).containsExactly(42);
    } finally {
      server.stop(Duration.ZERO);
    }
  }

  /** The serial number of the certificate that a new connection is shown. */
  private static Object serial(RemoraServer server) throws Exception {
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(null, new TrustManager[] {new TrustsAnyone()}, null);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port())) {
      socket.startHandshake();
      assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
      return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSerialNumber();
    }
  }

  @Test
  void olderVersionsOfTlsAreRefused() throws Exception {
    RemoraServer server = start("");
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new TrustsAnyone()}, null);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port())) {
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      assertThatThrownBy(socket::startHandshake).isInstanceOf(IOException.class);
    } finally {
      server.stop(Duration.ZERO);
    }
  }

  @Test
  void whereClientsNeedACertificateATokenAloneIsNotEnough() throws Exception {
    ClientCertificate own = ClientCertificate.make(folder);
    RemoraServer server = start("client_ca: client-ca.pem\n");
    Path ca = server.ca().orElseThrow();
    try (TestClient without = new TestClient(server, ca)) {
      assertThat(without.hello(token(server)).end().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
    var ssl =
        GrpcSslContexts.forClient()
            .trustManager(ca.toFile())
            .keyManager(own.certificate().toFile(), own.key().toFile())
            .build();
    var channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port()).sslContext(ssl).build();
    try {
      assertThat(new TestClient.Stream(channel, null).end().getCode())
          .isEqualTo(Status.Code.UNAUTHENTICATED);
      TestClient.Stream stream = new TestClient.Stream(channel, token(server));
      stream.send(TestClient.helloFrame(1));
      stream.receive();
    } finally {
      channel.shutdownNow();
      server.stop(Duration.ZERO);
    }
  }

  /** For looking at certificates only. */
  private static final class TrustsAnyone implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
