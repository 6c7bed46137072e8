// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.RemoraServer;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.ServerFlags;
import io.remora.server.driver.Driver;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A page that is not open, spoken to byte by byte. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class WebServerTest {
  private Driver driver;
  private RemoraServer server;
  private int port;
  private String token;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("server.yaml"),
            "listen: 127.0.0.1:0\ntls: off\nsoftware: {memory: 64MiB, threads: 1}\n"
                + "web: {listen: '127.0.0.1:0', open: false}\n");
    ServerConfig config = ServerConfig.read(file, ServerFlags.NONE, folder.resolve("state"));
    driver = RemoraServer.openDriver(config);
    server = RemoraServer.start(config, driver);
    port = URI.create(server.page().orElseThrow()).getPort();
    token = Files.readString(server.tokenFile().orElseThrow()).strip();
  }

  @AfterAll
  void stop() {
    server.stop(Duration.ZERO);
    driver.close();
  }

  private String send(String text) throws Exception {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(20_000);
      OutputStream out = socket.getOutputStream();
      out.write(text.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private String get(String path, @Nullable String bearer) throws Exception {
    return send(
        "GET "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + (bearer == null ? "" : "Authorization: Bearer " + bearer + "\r\n")
            + "\r\n");
  }

  @Test
  void thePageIsThereButNothingOfTheServerWithoutAToken() throws Exception {
    assertThat(get("/", null)).startsWith("HTTP/1.1 200").contains("Content-Security-Policy");
    for (String path : new String[] {"/api/state", "/api/history", "/metrics"}) {
      assertThat(get(path, null))
          .startsWith("HTTP/1.1 401")
          .contains("www-authenticate: Bearer", "no token was sent")
          .doesNotContain("Software Device");
      assertThat(get(path, token + "x")).startsWith("HTTP/1.1 401");
      assertThat(get(path, token)).startsWith("HTTP/1.1 200");
    }
    assertThat(get("/api/state", token)).contains("\"caller\":\"local\"", "\"complete\":true");
  }

  @Test
  void whatIsNotThereOrNotMeantIsSaidSo() throws Exception {
    assertThat(get("/etc/passwd", token)).startsWith("HTTP/1.1 404");
    assertThat(get("/../../etc/passwd", token)).startsWith("HTTP/1.1 404");
    assertThat(get("/api/history?since=yesterday", token)).startsWith("HTTP/1.1 400");
    assertThat(get("/%zz", token)).startsWith("HTTP/1.1 400");
    assertThat(send("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 405");
    assertThat(send("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 421");
  }

  @Test
  void garbageEndsOnlyItsOwnConnection() throws Exception {
    assertThat(send("\u0016\u0003\u0001 garbage \u0000\u0000\r\n\r\n")).contains(" 400 ");
    assertThat(get("/", null)).startsWith("HTTP/1.1 200");
  }
}
