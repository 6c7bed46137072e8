// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import com.google.protobuf.ByteString;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.handler.ssl.NotSslRecordException;
import io.remora.client.ConnectionException.Reason;
import io.remora.client.generated.Calls;
import io.remora.v1.ClientFrame;
import io.remora.v1.Hello;
import io.remora.v1.MachinePart;
import io.remora.v1.Resume;
import io.remora.v1.Welcome;
import io.remora.wire.OutboundFrame;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** The first frame in each direction, and the words for all the ways in which it can go wrong. */
final class Handshake {
  /** Raised when frames change their meaning; servers accept one version more or less. */
  static final int PROTOCOL_VERSION = 2;

  private static final String CLIENT_NAME = "remora-java";
  private static final int PROGRAM_LENGTH_MAX = 200;

  private Handshake() {}

  /**
   * A stream's first frame.
   *
   * @param part a new session's place among those of the program
   * @param resume how to go on with a session; null for a new one
   */
  static OutboundFrame hello(
      ConnectionSettings settings, MachinePart part, @Nullable Resume resume) {
    String version = Handshake.class.getPackage().getImplementationVersion();
    String program = settings.program();
    Hello.Builder hello =
        Hello.newBuilder()
            .setProtocolVersion(PROTOCOL_VERSION)
            .setTableHash(ByteString.copyFrom(Calls.tableHash()))
            .setSupportedCalls(ByteString.copyFrom(Calls.supportedCalls()))
            .setClientName(CLIENT_NAME)
            .setClientVersion(version == null ? "development" : version)
            .setProcessId(ProcessHandle.current().pid())
            .setProgram(program.substring(0, Math.min(PROGRAM_LENGTH_MAX, program.length())))
            .setResumable(settings.resume())
            .setFollows(settings.resume());
    if (resume != null) {
      hello.setResume(resume);
    } else if (part.getIndex() != 0) {
      hello.setPart(part);
    }
    byte[] frame = ClientFrame.newBuilder().setHello(hello).build().toByteArray();
    return OutboundFrame.of(frame, 0, frame.length);
  }

  /** Waits for the server's first frame. */
  static Welcome await(Receiver receiver, ConnectionSettings settings, ManagedChannel channel)
      throws ConnectionException {
    Welcome welcome;
    try {
      welcome =
          receiver.welcome().get(settings.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw explain(settings, Status.fromThrowable(e));
    } catch (TimeoutException e) {
      throw tooLate(settings, channel, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ConnectionException(
          Reason.TIMEOUT, "Connecting to " + settings.server() + " was interrupted.", e);
    }
    int version = welcome.getProtocolVersion();
    if (Math.abs(version - PROTOCOL_VERSION) > 1) {
      throw new ConnectionException(
          Reason.VERSION,
          "The server "
              + settings.server()
              + " speaks protocol version "
              + version
              + ", this client version "
              + PROTOCOL_VERSION
              + ": install the same release on both ends.",
          null);
    }
    return welcome;
  }

  private static ConnectionException tooLate(
      ConnectionSettings settings, ManagedChannel channel, TimeoutException cause) {
    boolean reached = channel.getState(false) == ConnectivityState.READY;
    String seconds = settings.handshakeTimeout().toMillis() / 1000.0 + " s";
    return reached
        ? new ConnectionException(
            Reason.TIMEOUT,
            "The server "
                + settings.server()
                + " accepted the connection and then said nothing for "
                + seconds
                + ": is it a Remora server, and is it overloaded?",
            cause)
        : new ConnectionException(
            Reason.UNREACHABLE,
            "No answer from "
                + settings.server()
                + " within "
                + seconds
                + ": check the address, the network and that the server runs.",
            cause);
  }

  /** What the end of a stream means before there was a session. */
  static ConnectionException explain(ConnectionSettings settings, Status status) {
    Throwable cause = status.getCause();
    String said = status.getDescription() == null ? "" : status.getDescription();
    String server = settings.server();
    StatusRuntimeException origin = status.asRuntimeException();
    return switch (status.getCode()) {
      case UNAUTHENTICATED, PERMISSION_DENIED ->
          new ConnectionException(
              Reason.TOKEN, "The server " + server + " refused the token: " + said, origin);
      case FAILED_PRECONDITION ->
          new ConnectionException(
              Reason.VERSION, "The server " + server + " refused this client: " + said, origin);
      case RESOURCE_EXHAUSTED ->
          new ConnectionException(
              Reason.BUSY, "The server " + server + " opens no session: " + said, origin);
      case UNIMPLEMENTED ->
          new ConnectionException(
              Reason.PROTOCOL, "What answers at " + server + " is not a Remora server.", origin);
      case UNAVAILABLE -> unavailable(settings, said, cause, origin);
      default ->
          new ConnectionException(
              Reason.PROTOCOL,
              "The server " + server + " ended the handshake: " + status.getCode() + " " + said,
              origin);
    };
  }

  private static ConnectionException unavailable(
      ConnectionSettings settings, String said, @Nullable Throwable cause, Throwable origin) {
    String server = settings.server();
    if (has(cause, NotSslRecordException.class)) {
      return new ConnectionException(
          Reason.TLS,
          "The server " + server + " speaks without TLS: say so with REMORA_TLS=off or --tls off.",
          origin);
    }
    if (has(cause, SSLException.class) || has(cause, GeneralSecurityException.class)) {
      return new ConnectionException(
          Reason.TLS,
          "TLS with "
              + server
              + " failed: "
              + deepest(cause)
              + ". "
              + (settings.caFile() == null
                  ? "Name the server's CA file in REMORA_CA or with --ca."
                  : "Check that "
                      + settings.caFile()
                      + " is the CA of this server and that its certificate names the host."),
          origin);
    }
    if (has(cause, UnknownHostException.class)
        || has(cause, ConnectException.class)
        || has(cause, NoRouteToHostException.class)
        || has(cause, SocketTimeoutException.class)) {
      return new ConnectionException(
          Reason.UNREACHABLE,
          "The server "
              + server
              + " can't be reached: "
              + deepest(cause)
              + ". Check the address and that the server runs there.",
          origin);
    }
    if (cause != null || said.contains("closed") || said.contains("Connection")) {
      return new ConnectionException(
          Reason.TLS,
          "The connection to "
              + server
              + " ended before a session was open: "
              + said
              + ". The server may want TLS: leave out --tls off and REMORA_TLS=off.",
          origin);
    }
    return new ConnectionException(
        Reason.BUSY, "The server " + server + " opens no session: " + said, origin);
  }

  private static boolean has(@Nullable Throwable thrown, Class<? extends Throwable> type) {
    for (Throwable at = thrown; at != null; at = at.getCause()) {
      if (type.isInstance(at)) {
        return true;
      }
    }
    return false;
  }

  private static String deepest(@Nullable Throwable thrown) {
    Throwable at = thrown;
    while (at != null && at.getCause() != null) {
      at = at.getCause();
    }
    return at == null ? "" : String.valueOf(at.getMessage());
  }
}
