// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;

/** {@code remora.v1.Driver/Open} with frames in place of protobuf objects. */
public final class DriverMethods {
  /** The gRPC service. */
  public static final String SERVICE = "remora.v1.Driver";

  /** Names the session that a stream goes on with. */
  public static final Metadata.Key<String> SESSION =
      Metadata.Key.of("remora-session", Metadata.ASCII_STRING_MARSHALLER);

  /**
   * In the trailers of a stream that the server ends on purpose, whatever the status: the session
   * is over. A stream that ends without it was cut.
   */
  public static final Metadata.Key<String> ENDED =
      Metadata.Key.of("remora-ended", Metadata.ASCII_STRING_MARSHALLER);

  /** In the trailers of a stream whose session goes on at another server: HOST:PORT. */
  public static final Metadata.Key<String> MOVED =
      Metadata.Key.of("remora-moved", Metadata.ASCII_STRING_MARSHALLER);

  private static final String OPEN = MethodDescriptor.generateFullMethodName(SERVICE, "Open");
  private static final Inbound INBOUND = new Inbound();
  private static final Outbound OUTBOUND = new Outbound();

  private static final MethodDescriptor<OutboundFrame, InboundFrame> OPEN_FOR_CLIENT =
      open(OUTBOUND, INBOUND);
  private static final MethodDescriptor<InboundFrame, OutboundFrame> OPEN_FOR_SERVER =
      open(INBOUND, OUTBOUND);

  private DriverMethods() {}

  /** The method as a client calls it. */
  public static MethodDescriptor<OutboundFrame, InboundFrame> openForClient() {
    return OPEN_FOR_CLIENT;
  }

  /** The method as a server serves it. */
  public static MethodDescriptor<InboundFrame, OutboundFrame> openForServer() {
    return OPEN_FOR_SERVER;
  }

  private static <Q, S> MethodDescriptor<Q, S> open(Marshaller<Q> request, Marshaller<S> response) {
    return MethodDescriptor.newBuilder(request, response)
        .setType(MethodType.BIDI_STREAMING)
        .setFullMethodName(OPEN)
        .build();
  }

  private static final class Inbound implements Marshaller<InboundFrame> {
    @Override
    public InputStream stream(InboundFrame value) {
      throw new UnsupportedOperationException("a received frame is not sent on");
    }

    @Override
    public InboundFrame parse(InputStream stream) {
      try {
        return InboundFrame.receive(stream);
      } catch (IOException e) {
        throw Status.INTERNAL
            .withDescription("the transport lost part of a frame")
            .withCause(e)
            .asRuntimeException();
      }
    }
  }

  private static final class Outbound implements Marshaller<OutboundFrame> {
    @Override
    public InputStream stream(OutboundFrame value) {
      return value.stream();
    }

    @Override
    public OutboundFrame parse(InputStream stream) {
      throw new UnsupportedOperationException("a frame to send is not received");
    }
  }
}
