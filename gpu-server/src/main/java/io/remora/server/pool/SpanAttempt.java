// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.server.pool.Placer.Grant;
import io.remora.v1.MemberState;
import io.remora.v1.ReserveReply;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One try to get a session's devices from several members, of which none has room for all: all of
 * them, or none. Those with the most room are asked first, so that they are few. On the placer's
 * thread.
 */
final class SpanAttempt {
  /** What becomes of it. */
  interface End {
    /** Whether anybody still wants it. */
    boolean isWanted();

    /** Every device is promised. */
    void granted(List<Grant> grants);

    /**
     * Nothing is promised any more.
     *
     * @param limited because the tenant has what it may have
     */
    void failed(boolean limited, String why);
  }

  private final Placer placer;
  private final Demand demand;
  private final Set<String> closed;
  private final End end;
  private final List<Grant> grants = new ArrayList<>();
  private int missing;
  private String why = "";

  /**
   * @param claimed members that are left to others
   */
  SpanAttempt(Placer placer, Demand demand, Set<String> claimed, End end) {
    this.placer = placer;
    this.demand = demand;
    this.end = end;
    closed = new HashSet<>(claimed);
    closed.addAll(demand.avoid());
    missing = demand.devices();
  }

  /** A member, and how many of its devices are wanted. */
  private record Part(MemberState member, int devices) {}

  /** Asks the next member; to be called once from outside. */
  void next() {
    if (missing == 0) {
      end.granted(List.copyOf(grants));
      return;
    }
    Optional<Part> part = best();
    if (part.isEmpty()) {
      giveUp(false);
      return;
    }
    MemberState member = part.get().member();
    Demand wanted = demand.part(part.get().devices());
    closed.add(member.getName());
    placer.ask(member, wanted, (reply, failure) -> answered(member, wanted, reply, failure));
  }

  /** Empty if what all have together isn't enough. */
  private Optional<Part> best() {
    Demand one = demand.part(1);
    List<MemberState> members =
        placer.view().reachable().stream()
            .filter(MemberState::getServing)
            .filter(each -> !closed.contains(each.getName()))
            .filter(each -> Fitness.isFit(each, one))
            .toList();
    // The policy decides between those that have as much.
    List<Part> parts =
        Ranking.members(members, one, demand.devices()).stream()
            .map(each -> new Part(each, Math.min(missing, Fitness.room(each, one).size())))
            .sorted(Comparator.comparingInt(Part::devices).reversed())
            .toList();
    boolean enough = parts.stream().mapToInt(Part::devices).sum() >= missing;
    return enough ? parts.stream().findFirst() : Optional.empty();
  }

  private void answered(
      MemberState member,
      Demand wanted,
      @Nullable ReserveReply reply,
      @Nullable Throwable failure) {
    if (reply != null && reply.getOutcome() == ReserveReply.Outcome.RESERVED) {
      grants.add(new Grant(member, reply.getPlacement()));
      missing -= wanted.devices();
      placer.view().placed(member.getName(), wanted);
    } else if (failure != null || reply == null) {
      placer.view().lost(member.getName(), "it doesn't answer");
    } else {
      why = reply.getWhy();
    }
    boolean limited = reply != null && reply.getOutcome() == ReserveReply.Outcome.TENANT_LIMIT;
    if (!end.isWanted()) {
      placer.giveBack(grants);
    } else if (limited) {
      giveUp(true);
    } else {
      next();
    }
  }

  private void giveUp(boolean limited) {
    placer.giveBack(grants);
    end.failed(limited, why);
  }
}
