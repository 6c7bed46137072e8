// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.session.ProtocolException.Reason;
import io.remora.server.session.generated.Calls;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Hello;
import io.remora.v1.Resumed;
import io.remora.v1.ServerFrame;
import io.remora.v1.Welcome;
import io.remora.wire.OutboundFrame;
import io.remora.wire.WireLimits;
import java.util.HexFormat;
import java.util.List;

/** The first message in each direction. */
final class Handshake {
  /**
   * Versions one apart work together: each side uses the calls that both have. Version 2 can resume
   * sessions; version 1 doesn't ask for it.
   */
  static final int PROTOCOL_VERSION = 2;

  private static final int TABLE_HASH_BYTES = 32;

  private Handshake() {}

  /**
   * Checks a client's Hello.
   *
   * @throws ProtocolException if client and server can't understand each other
   */
  static void check(Hello hello) {
    int version = hello.getProtocolVersion();
    if (version < PROTOCOL_VERSION - 1 || version > PROTOCOL_VERSION + 1 || version == 0) {
      throw new ProtocolException(
          Reason.INCOMPATIBLE,
          "the client speaks protocol version "
              + Integer.toUnsignedString(version)
              + ", this server "
              + PROTOCOL_VERSION
              + "; use versions of Remora at most one apart");
    }
    if (hello.getTableHash().size() != TABLE_HASH_BYTES) {
      throw new ProtocolException(Reason.MALFORMED, "Hello.table_hash must have 32 bytes");
    }
  }

  /** The answer to Hello. */
  static OutboundFrame welcome(ClientSession session, List<SessionDevice> devices) {
    byte[] frame =
        ServerFrame.newBuilder().setWelcome(told(session, devices)).build().toByteArray();
    return OutboundFrame.of(frame, 0, frame.length);
  }

  /**
   * What a client was told of the server and its session. What another server has told it counts
   * wherever the session goes: the client knows nothing of this server's own.
   */
  static Welcome told(ClientSession session, List<SessionDevice> devices) {
    SessionServices services = session.services();
    Welcome.Builder welcome =
        session.link().toldElsewhere().map(Welcome::toBuilder).orElseGet(() -> ownTerms(services));
    welcome.setSessionId(session.id()).setTenant(session.grant().tenant());
    ResumeTerms terms = session.link().terms();
    if (terms != null) {
      welcome.setResumeSecret(terms.secret()).setResumeGraceMillis(terms.graceMillis());
    }
    for (SessionDevice device : devices) {
      welcome.addDevices(snapshot(session, device));
    }
    return welcome.build();
  }

  private static Welcome.Builder ownTerms(SessionServices services) {
    return Welcome.newBuilder()
        .setProtocolVersion(PROTOCOL_VERSION)
        .setTableHash(ByteString.copyFrom(Calls.tableHash()))
        .setSupportedCalls(ByteString.copyFrom(Calls.supportedCalls()))
        .setServerVersion(services.serverVersion())
        .setWindowCalls(services.limits().windowCalls())
        .setWindowBytes(services.limits().windowBytes())
        .setChunkBytesMax(WireLimits.CHUNK_BYTES_MAX)
        .setFrameBytesMax(WireLimits.FRAME_BYTES_MAX)
        .setDriverVersion(services.driver().driverVersion());
  }

  /** The answer to Hello with Resume. */
  static OutboundFrame resumed(long receivedBytes) {
    byte[] frame =
        ServerFrame.newBuilder()
            .setResumed(Resumed.newBuilder().setReceivedBytes(receivedBytes))
            .build()
            .toByteArray();
    return OutboundFrame.of(frame, 0, frame.length);
  }

  private static DeviceSnapshot snapshot(ClientSession session, SessionDevice device) {
    DeviceDescription description = device.description();
    return DeviceSnapshot.newBuilder()
        .setOrdinal(device.ordinal())
        .setName(description.name())
        .setUuid(ByteString.copyFrom(HexFormat.of().parseHex(description.uuid())))
        .setTotalMemoryBytes(session.totalMemoryBytes(description))
        .putAllAttributes(description.attributes())
        .setPciBusId(description.pciBusId())
        .setKind(session.services().driver().kind())
        .setStreamPriorityLeast(description.streamPriorityLeast())
        .setStreamPriorityGreatest(description.streamPriorityGreatest())
        .putAllLimits(description.limits())
        .setSlabAddress(device.domain().slabAddress())
        .setSlabBytes(device.domain().slabBytes())
        .build();
  }
}
