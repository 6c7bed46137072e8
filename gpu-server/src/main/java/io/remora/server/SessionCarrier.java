// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.session.Cargo;
import io.remora.server.session.Carrier;
import io.remora.server.session.Unmovable;
import io.remora.server.watch.LiveSession;
import io.remora.v1.MemberState;
import io.remora.v1.SessionImage;
import io.remora.v1.Welcome;
import org.jspecify.annotations.Nullable;

/** Takes one session to one member of the pool that has promised room. */
final class SessionCarrier implements Carrier {
  private final PoolOffice office;
  private final MovedSessions moved;
  private final SessionStream stream;
  private final LiveSession live;
  private final MemberState member;
  private final String placement;
  private final MemberMoveListener listener;
  private @Nullable GivingCall call;
  private @Nullable Welcome told;

  /**
   * @param placement what the member has promised
   * @param listener told how it ended
   */
  SessionCarrier(
      PoolOffice office,
      MovedSessions moved,
      SessionStream stream,
      LiveSession live,
      MemberState member,
      String placement,
      MemberMoveListener listener) {
    this.office = office;
    this.moved = moved;
    this.stream = stream;
    this.live = live;
    this.member = member;
    this.placement = placement;
    this.listener = listener;
  }

  @Override
  public void carry(Cargo cargo) {
    SessionImage image =
        cargo.image().toBuilder()
            .setPeer(live.peer())
            .setProgram(live.program())
            .setProcessId(live.processId())
            .setClient(live.client())
            .setOpenedUnixMillis(live.openedMillis())
            .build();
    told = image.getTold();
    GivingCall giving = new GivingCall(office.links(), member.getServer());
    call = giving;
    try {
      giving.give(office.pool().name(), placement, image, cargo);
    } catch (Unmovable refused) {
      giving.cancel();
      throw new Unmovable(member.getName() + " doesn't take it: " + refused.why());
    } catch (RuntimeException defect) {
      giving.cancel();
      throw defect;
    }
    if (!giving.isThere()) {
      throw new Unmovable(member.getName() + " is gone");
    }
  }

  @Override
  public String goesOn() {
    Welcome known = told;
    GivingCall given = call;
    if (known == null || given == null) {
      throw new IllegalStateException("the session was not carried");
    }
    moved.add(
        live.id(),
        member.getServer(),
        live.tenant(),
        known.getResumeSecret(),
        known.getResumeGraceMillis());
    stream.leaves(member.getServer());
    given.settle(true);
    return member.getServer();
  }

  @Override
  public void gone(long bytes) {
    listener.moved(member, bytes);
  }

  @Override
  public void refused(String why) {
    if (call == null) {
      office.giveBack(member, placement);
    }
    listener.refused(why);
  }
}
