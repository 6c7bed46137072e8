// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a server. Immutable; start with {@link #of} and refine with the {@code with}
 * methods.
 *
 * @param host name or address of the server
 * @param port 1 to 65535
 * @param token the tenant's bearer token; null for a server that asks for none
 * @param caFile PEM certificates to trust instead of the system's; null for the system's
 * @param clientCertificate PEM chain that the client shows; null for none
 * @param clientKey PEM private key of {@code clientCertificate}
 * @param plaintext true to speak without TLS, which a server allows on loopback only
 * @param connectTimeout bound on reaching the server's port
 * @param handshakeTimeout bound on everything until the session is open
 * @param spin how long a waiting call polls for its answer before its thread sleeps; zero on
 *     machines with few processors
 * @param program name under which the server shows the session
 * @param deviceOutput gets what kernels print, before the synchronisation returns that waits for
 *     them; it must not call CUDA
 * @param resume whether the session goes on when its connection is cut, if the server allows that
 * @param placement what a pool has given for this session's place; null if none was asked
 * @param elsewhere HOST:PORT of servers to which the session may have gone when its own server is
 *     gone
 */
public record ConnectionSettings(
    String host,
    int port,
    @Nullable String token,
    @Nullable Path caFile,
    @Nullable Path clientCertificate,
    @Nullable Path clientKey,
    boolean plaintext,
    Duration connectTimeout,
    Duration handshakeTimeout,
    Duration spin,
    String program,
    Consumer<byte[]> deviceOutput,
    boolean resume,
    @Nullable String placement,
    List<String> elsewhere) {
  /** The port on which servers listen unless they are told otherwise. */
  public static final int DEFAULT_PORT = 7443;

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration TIMEOUT_MAX = Duration.ofMinutes(10);

  public ConnectionSettings {
    elsewhere = List.copyOf(elsewhere);
    if (host.isBlank()) {
      throw new IllegalArgumentException("the server's host is empty");
    }
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("port " + port + " is outside 1 to 65535");
    }
    if ((clientCertificate == null) != (clientKey == null)) {
      throw new IllegalArgumentException("a client certificate and its key belong together");
    }
    requireBounded("the connect timeout", connectTimeout);
    requireBounded("the handshake timeout", handshakeTimeout);
    if (spin.isNegative() || spin.compareTo(TIMEOUT_MAX) > 0) {
      throw new IllegalArgumentException("the spin time is outside 0 to " + TIMEOUT_MAX);
    }
  }

  private static void requireBounded(String what, Duration timeout) {
    if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(TIMEOUT_MAX) > 0) {
      throw new IllegalArgumentException(what + " is outside 0 to " + TIMEOUT_MAX);
    }
  }

  /** A server reached by TLS that the system's certificate authorities vouch for, no token. */
  public static ConnectionSettings of(String host, int port) {
    return new ConnectionSettings(
        host,
        port,
        null,
        null,
        null,
        null,
        false,
        CONNECT_TIMEOUT,
        HANDSHAKE_TIMEOUT,
        Duration.ZERO,
        Optional.ofNullable(System.getProperty("sun.java.command")).orElse("java"),
        ProgramOutput::print,
        true,
        null,
        List.of());
  }

  /**
   * As {@link #of(String, int)}, from text.
   *
   * @param server {@code HOST}, {@code HOST:PORT} or {@code [IPv6]:PORT}
   */
  public static ConnectionSettings parse(String server) {
    String text = server.strip();
    int colon = text.lastIndexOf(':');
    boolean bareAddress = colon >= 0 && text.indexOf(':') != colon && !text.contains("]");
    if (colon < 0 || bareAddress || text.endsWith("]")) {
      return of(unbracket(text), DEFAULT_PORT);
    }
    try {
      return of(unbracket(text.substring(0, colon)), Integer.parseInt(text.substring(colon + 1)));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "the server must be HOST:PORT, it is \"" + server + "\"", e);
    }
  }

  private static String unbracket(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  /** These settings with another token. */
  public ConnectionSettings withToken(@Nullable String newToken) {
    return changed(copy -> copy.token = newToken);
  }

  /** These settings with TLS that trusts the certificates in a PEM file. */
  public ConnectionSettings withCaFile(@Nullable Path newCaFile) {
    return changed(copy -> copy.caFile = newCaFile);
  }

  /** These settings with a certificate that the client shows the server. */
  public ConnectionSettings withClientCertificate(Path chain, Path key) {
    return changed(
        copy -> {
          copy.clientCertificate = chain;
          copy.clientKey = key;
        });
  }

  /** These settings without TLS, or with it. */
  public ConnectionSettings withPlaintext(boolean newPlaintext) {
    return changed(copy -> copy.plaintext = newPlaintext);
  }

  /** These settings with other bounds. */
  public ConnectionSettings withTimeouts(Duration connect, Duration handshake) {
    return changed(
        copy -> {
          copy.connectTimeout = connect;
          copy.handshakeTimeout = handshake;
        });
  }

  /** These settings with another polling time of waiting calls. */
  public ConnectionSettings withSpin(Duration newSpin) {
    return changed(copy -> copy.spin = newSpin);
  }

  /** These settings with another taker of what kernels print than the standard output. */
  public ConnectionSettings withDeviceOutput(Consumer<byte[]> newDeviceOutput) {
    return changed(copy -> copy.deviceOutput = newDeviceOutput);
  }

  /** These settings with or without going on after a cut. */
  public ConnectionSettings withResume(boolean newResume) {
    return changed(copy -> copy.resume = newResume);
  }

  /** These settings with other servers at which to look for the session. */
  public ConnectionSettings withElsewhere(List<String> servers) {
    return changed(copy -> copy.elsewhere = servers);
  }

  /** These settings for a place on a server of a pool. */
  ConnectionSettings placedOn(ConnectionSettings server, String newPlacement) {
    return changed(
        copy -> {
          copy.host = server.host;
          copy.port = server.port;
          copy.placement = newPlacement;
        });
  }

  private ConnectionSettings changed(Consumer<Copy> change) {
    Copy copy = new Copy(this);
    change.accept(copy);
    return copy.made();
  }

  /** A copy on its way to be other settings. */
  private static final class Copy {
    private String host;
    private int port;
    private @Nullable String token;
    private @Nullable Path caFile;
    private @Nullable Path clientCertificate;
    private @Nullable Path clientKey;
    private boolean plaintext;
    private Duration connectTimeout;
    private Duration handshakeTimeout;
    private Duration spin;
    private String program;
    private Consumer<byte[]> deviceOutput;
    private boolean resume;
    private @Nullable String placement;
    private List<String> elsewhere;

    Copy(ConnectionSettings from) {
      host = from.host;
      port = from.port;
      token = from.token;
      caFile = from.caFile;
      clientCertificate = from.clientCertificate;
      clientKey = from.clientKey;
      plaintext = from.plaintext;
      connectTimeout = from.connectTimeout;
      handshakeTimeout = from.handshakeTimeout;
      spin = from.spin;
      program = from.program;
      deviceOutput = from.deviceOutput;
      resume = from.resume;
      placement = from.placement;
      elsewhere = from.elsewhere;
    }

    ConnectionSettings made() {
      return new ConnectionSettings(
          host,
          port,
          token,
          caFile,
          clientCertificate,
          clientKey,
          plaintext,
          connectTimeout,
          handshakeTimeout,
          spin,
          program,
          deviceOutput,
          resume,
          placement,
          elsewhere);
    }
  }

  /** {@code HOST:PORT}, with brackets around an IPv6 address. */
  public String server() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  /** Without the token. */
  @Override
  public String toString() {
    return server() + (plaintext ? " without TLS" : " by TLS");
  }
}
