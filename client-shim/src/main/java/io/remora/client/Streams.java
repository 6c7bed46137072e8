// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.remora.v1.MachinePart;
import io.remora.v1.Resume;
import io.remora.wire.DriverMethods;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Opens the streams of one connection's session: the first, and those that take its place. */
final class Streams {
  private static final System.Logger LOG = System.getLogger(Streams.class.getName());

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private static final Metadata.Key<String> PLACEMENT =
      Metadata.Key.of("remora-placement", Metadata.ASCII_STRING_MARSHALLER);

  /** The transport takes this much before a bulk copy has to wait for the socket. */
  private static final int TRANSPORT_BYTES = 2 << 20;

  private final ConnectionSettings settings;
  private final Transport transport;

  Streams(ConnectionSettings settings, Transport transport) {
    this.settings = settings;
    this.transport = transport;
  }

  /**
   * Opens a stream; the first frame on it must be Hello.
   *
   * @param session the session to go on with; null for a new one
   */
  ClientCall<OutboundFrame, InboundFrame> open(
      ClientCall.Listener<InboundFrame> listener, @Nullable String session) {
    if (session != null) {
      // The channel would rather wait longer and longer.
      transport.channel().resetConnectBackoff();
    }
    ClientCall<OutboundFrame, InboundFrame> call =
        transport
            .channel()
            .newCall(
                DriverMethods.openForClient(),
                CallOptions.DEFAULT.withOnReadyThreshold(TRANSPORT_BYTES));
    Metadata headers = new Metadata();
    String token = settings.token();
    if (token != null) {
      headers.put(AUTHORIZATION, "Bearer " + token);
    }
    String placement = settings.placement();
    if (placement != null && session == null) {
      headers.put(PLACEMENT, placement);
    }
    if (session != null) {
      headers.put(DriverMethods.SESSION, session);
    }
    call.start(listener, headers);
    // Frames are handled as they come and never pile up, so all may come.
    call.request(Integer.MAX_VALUE);
    return call;
  }

  /**
   * Opens streams to another server from now on; the session has moved there.
   *
   * @param server HOST:PORT
   * @return false if that names no server
   */
  boolean goTo(String server) {
    return transport.goTo(server);
  }

  /** HOST:PORT to which streams are opened now. */
  String server() {
    return transport.server();
  }

  /** Servers to which the session may have gone when its own is gone. */
  List<String> elsewhere() {
    return settings.elsewhere();
  }

  /**
   * The first frame of a stream.
   *
   * @param part a new session's place among those of the program; a server remembers it
   * @param resume how to go on with a session; null for a new one
   */
  OutboundFrame hello(MachinePart part, @Nullable Resume resume) {
    return Handshake.hello(settings, part, resume);
  }

  /** Runs a task on the connection's loop after a time, unless the connection is closed then. */
  void schedule(Runnable task, long nanos) {
    try {
      var unused = transport.loop().schedule(task, nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException closed) {
      LOG.log(System.Logger.Level.DEBUG, "the connection is closed", closed);
    }
  }
}
