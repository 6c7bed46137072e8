// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import com.google.protobuf.ByteString;
import io.remora.server.metrics.SessionMeter;
import io.remora.server.session.Carrier;
import io.remora.server.session.MoveListener;
import io.remora.server.session.ProtocolException;
import io.remora.server.session.Session;
import io.remora.server.session.SessionFactory;
import io.remora.server.session.SessionOutput;
import io.remora.server.session.SessionPresence;
import io.remora.server.tenant.TenantGrant;
import io.remora.v1.Hello;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Sessions that greet with the tenant's name and send every frame back. The first byte of a frame
 * can ask for trouble instead.
 */
final class EchoSessions implements SessionFactory {
  static final byte THROW = 1;
  static final byte VIOLATE = 2;

  final List<String> ends = new CopyOnWriteArrayList<>();
  final List<SessionOutput> outputs = new CopyOnWriteArrayList<>();

  @Override
  public Session open(TenantGrant grant, Hello hello, SessionOutput output) {
    if (hello.getProtocolVersion() == 99) {
      throw new ProtocolException(ProtocolException.Reason.INCOMPATIBLE, "use version 1");
    }
    outputs.add(output);
    byte[] greeting = grant.tenant().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    output.send(OutboundFrame.of(greeting, 0, greeting.length));
    output.requestFrame();
    return new Echo(grant, output);
  }

  private final class Echo implements Session, SessionPresence {
    private final TenantGrant grant;
    private final SessionOutput output;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final SessionMeter meter = new SessionMeter();

    Echo(TenantGrant grant, SessionOutput output) {
      this.grant = grant;
      this.output = output;
    }

    @Override
    public String id() {
      return "echo-" + System.identityHashCode(this);
    }

    @Override
    public SessionMeter meter() {
      return meter;
    }

    @Override
    public void onFrame(InboundFrame frame, SessionOutput from) {
      byte[] bytes = new byte[frame.bytes()];
      try (frame) {
        var reader = frame.reader();
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) reader.readVarint64();
        }
      }
      switch (bytes[0]) {
        case THROW -> throw new IllegalStateException("a defect");
        case VIOLATE ->
            throw new ProtocolException(
                ProtocolException.Reason.OUT_OF_SEQUENCE, "call 5 came after call 3");
        default -> {
          output.send(OutboundFrame.of(bytes, 0, bytes.length));
          output.requestFrame();
        }
      }
    }

    @Override
    public int devices() {
      return 0;
    }

    @Override
    public void depart(long withinNanos, Carrier carrier) {
      carrier.refused("an echo is nowhere");
    }

    @Override
    public void move(int from, int to, long withinNanos, MoveListener listener) {
      listener.refused("an echo is nowhere");
    }

    @Override
    public SessionPresence presence() {
      return this;
    }

    @Override
    public boolean isResumable() {
      return false;
    }

    @Override
    public void onCut(SessionOutput stream, String reason) {
      onEnd(reason);
    }

    @Override
    public void stopWaiting(String reason) {}

    @Override
    public boolean isSecret(ByteString shown) {
      return false;
    }

    @Override
    public void onResume(SessionOutput stream, long receivedBytes) {
      throw new IllegalStateException("these sessions can't be resumed");
    }

    @Override
    public void onEnd(String reason) {
      if (ended.compareAndSet(false, true)) {
        ends.add(reason);
        grant.close();
      }
    }
  }
}
