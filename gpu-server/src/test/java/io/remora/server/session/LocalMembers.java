// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Sessions of one process that read each other's device memory as members of a pool do. */
final class LocalMembers {
  static final String POOL = "rack";

  private final Map<String, SessionHarness> members = new HashMap<>();

  /** Pieces that have gone from one to another. */
  int pieces;

  /** How many more pieces go before members fall silent. */
  int piecesLeft = Integer.MAX_VALUE;

  /** Adds a session on a member of its own. */
  void add(String name, SessionHarness harness) {
    members.put(name, harness);
    harness.members = new Ways(name);
  }

  private final class Ways implements MemberReads {
    private final String self;

    Ways(String self) {
      this.self = self;
    }

    @Override
    public Optional<Home> home() {
      return Optional.of(new Home(POOL, self));
    }

    @Override
    public Reading read(Home from, String tenant, byte[] ticket, Listener listener) {
      Line line = new Line(listener);
      SessionHarness of = members.get(from.member());
      if (of == null || !from.pool().equals(POOL)) {
        listener.failed(Failure.UNREACHABLE, "there is no such member");
        return line;
      }
      try {
        DirectRead read = of.session.services().tickets().redeem(ticket, tenant);
        line.read = read;
        read.begin(line);
      } catch (RefusedTicket refused) {
        listener.failed(Failure.REFUSED, refused.why());
      }
      return line;
    }
  }

  private final class Line implements MemberReads.Reading, DirectRead.Sink {
    private final MemberReads.Listener listener;
    private @Nullable DirectRead read;
    private int wanted;

    Line(MemberReads.Listener listener) {
      this.listener = listener;
    }

    @Override
    public void request(int count) {
      wanted += count;
      if (read != null) {
        read.ready();
      }
    }

    @Override
    public void cancel() {
      if (read != null) {
        read.gone();
      }
    }

    @Override
    public boolean isReady() {
      return wanted > 0 && piecesLeft > 0;
    }

    @Override
    public void piece(ByteBuffer bytes) {
      wanted--;
      pieces++;
      piecesLeft--;
      listener.piece(ByteBuffer.allocate(bytes.remaining()).put(bytes).flip());
    }

    @Override
    public void end() {
      listener.ended();
    }

    @Override
    public void fail(String why) {
      listener.failed(MemberReads.Failure.LOST, why);
    }
  }
}
