// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.cli.doctor.Finding.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TlsCheckTest {
  private static final String PASSWORD = "not a secret";

  @TempDir private static Path folder;
  private @Nullable ServerSocket server;

  /** A certificate for localhost that is valid for a year. */
  @BeforeAll
  static void makeCertificate() throws IOException, InterruptedException {
    keytool(
        "-genkeypair",
        "-alias",
        "server",
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost",
        "-ext",
        "bc=ca:true",
        "-validity",
        "365",
        "-storetype",
        "PKCS12",
        "-keystore",
        store());
    keytool("-exportcert", "-rfc", "-alias", "server", "-keystore", store(), "-file", caFile());
  }

  private static String store() {
    return folder.resolve("server.p12").toString();
  }

  private static String caFile() {
    return folder.resolve("ca.pem").toString();
  }

  private static void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new java.util.ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("-storepass", PASSWORD));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("keytool.log").toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("keytool.log"))).isZero();
  }

  @AfterEach
  void stopServer() throws IOException {
    if (server != null) {
      server.close();
    }
  }

  private int tlsServer() throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(Path.of(store()))) {
      keys.load(in, PASSWORD.toCharArray());
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return serve(
        context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress()),
        socket -> socket.getInputStream().read());
  }

  private interface Conversation {
    int with(Socket socket) throws IOException;
  }

  private int serve(ServerSocket socket, Conversation conversation) {
    server = socket;
    Thread thread =
        new Thread(
            () -> {
              try (Socket client = socket.accept()) {
                int unused = conversation.with(client);
              } catch (IOException e) {
                // The client has gone, which is what these tests are about.
                return;
              }
            });
    thread.setDaemon(true);
    thread.start();
    return socket.getLocalPort();
  }

  @Test
  void aTrustedCertificateIsGood() throws IOException, GeneralSecurityException {
    List<Finding> findings =
        new TlsCheck("localhost", tlsServer(), Path.of(caFile()), Instant.now()).look();
    assertThat(findings).extracting(Finding::verdict).containsOnly(Verdict.GOOD);
    assertThat(findings.get(0).text()).contains("TLSv1.3");
    assertThat(findings.get(1).text()).contains("364 days");
  }

  @Test
  void aCertificateThatEndsSoonIsAWarning() throws IOException, GeneralSecurityException {
    Instant later = Instant.now().plus(Duration.ofDays(360));
    List<Finding> findings =
        new TlsCheck("localhost", tlsServer(), Path.of(caFile()), later).look();
    assertThat(findings.get(1).verdict()).isEqualTo(Verdict.WARNING);
    assertThat(findings.get(1).remedy()).contains("renew");
  }

  @Test
  void anUnknownAuthorityIsBadAndNamesTheFlag() throws IOException, GeneralSecurityException {
    List<Finding> findings = new TlsCheck("localhost", tlsServer(), null, Instant.now()).look();
    assertThat(findings).hasSize(1);
    assertThat(findings.get(0).isBad()).isTrue();
    assertThat(findings.get(0).remedy()).contains("--ca").contains("REMORA_CA");
  }

  @Test
  void aNameThatIsNotInTheCertificateIsBad() throws IOException, GeneralSecurityException {
    List<Finding> findings =
        new TlsCheck("127.0.0.1", tlsServer(), Path.of(caFile()), Instant.now()).look();
    assertThat(findings.get(0).text()).contains("doesn't name '127.0.0.1'");
  }

  @Test
  void aServerThatSpeaksPlainTextIsBadAndNamesTheFlag() throws IOException {
    int port =
        serve(
            new ServerSocket(0, 1, InetAddress.getLoopbackAddress()),
            socket -> {
              socket
                  .getOutputStream()
                  .write(
                      "HTTP/1.1 400 Bad Request\r\n\r\n"
                          .getBytes(java.nio.charset.StandardCharsets.UTF_8));
              return socket.getInputStream().read();
            });
    List<Finding> findings =
        new TlsCheck("localhost", port, Path.of(caFile()), Instant.now()).look();
    assertThat(findings.get(0).text()).contains("doesn't speak TLS");
    assertThat(findings.get(0).remedy()).contains("--tls off");
  }

  @Test
  void aCaFileWithoutCertificatesIsBad() throws IOException {
    Path empty = Files.writeString(folder.resolve("empty.pem"), "");
    List<Finding> findings = new TlsCheck("localhost", 1, empty, Instant.now()).look();
    assertThat(findings.get(0).subject()).isEqualTo("CA file");
  }
}
