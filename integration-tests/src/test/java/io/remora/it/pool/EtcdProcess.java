// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.remora.it.process.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A real etcd, which can be killed and started again with what it had. */
final class EtcdProcess implements AutoCloseable {
  private static final int STOP_SECONDS_MAX = 20;

  private final Path program;
  private final Path folder;
  private final @Nullable Tls tls;
  private final int clients;
  private final int peers;
  private @Nullable Process process;

  /**
   * What an etcd shows, and whom it lets in.
   *
   * @param own its own certificate
   * @param clients what signed the certificates of those that it lets in
   */
  record Tls(SelfSigned own, SelfSigned clients) {}

  private EtcdProcess(Path program, Path folder, @Nullable Tls tls) throws IOException {
    this.program = program;
    this.folder = folder;
    this.tls = tls;
    try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      clients = one.getLocalPort();
      peers = two.getLocalPort();
    }
  }

  /** Starts an etcd, or skips the test where there is none. */
  static EtcdProcess orSkip(Path folder) throws IOException {
    return orSkip(folder, null);
  }

  /** As {@link #orSkip(Path)}, over TLS unless that is null. */
  static EtcdProcess orSkip(Path folder, @Nullable Tls tls) throws IOException {
    Optional<Path> program =
        Stream.concat(
                Stream.of(Path.of("..", "target", "remora", "tools", "usr", "bin")),
                Stream.of(System.getenv("PATH").split(":")).map(Path::of))
            .map(each -> each.resolve("etcd"))
            .filter(Files::isExecutable)
            .findFirst();
    assumeTrue(
        program.isPresent(),
        "skipped: there is no etcd here; `./remora test` fetches it, Debian's package is"
            + " etcd-server");
    EtcdProcess etcd = new EtcdProcess(program.orElseThrow().toAbsolutePath(), folder, tls);
    etcd.start();
    return etcd;
  }

  int port() {
    return clients;
  }

  void start() throws IOException {
    String own = (tls == null ? "http" : "https") + "://127.0.0.1:" + clients;
    String peer = "http://127.0.0.1:" + peers;
    List<String> command =
        new ArrayList<>(
            List.of(
                program.toString(),
                "--data-dir=" + folder.resolve("etcd"),
                "--listen-client-urls=" + own,
                "--advertise-client-urls=" + own,
                "--listen-peer-urls=" + peer,
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=default=" + peer,
                "--unsafe-no-fsync"));
    if (tls != null) {
      command.add("--cert-file=" + tls.own.certificate());
      command.add("--key-file=" + tls.own.key());
      command.add("--trusted-ca-file=" + tls.clients.certificate());
      command.add("--client-cert-auth");
    }
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("etcd.log").toFile()))
            .start();
    Await.success(
        () -> {
          try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", clients), 1000);
          }
          return true;
        });
  }

  /** Ends it at once. */
  void kill() throws InterruptedException {
    Process running = Objects.requireNonNull(process);
    running.destroyForcibly();
    if (!running.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
      throw new IllegalStateException("etcd did not end");
    }
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
