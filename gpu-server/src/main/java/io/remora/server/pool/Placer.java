// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.v1.MemberState;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveRequest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds room for sessions, and keeps those in line for which there is none. It ranks members by
 * what it knows of them and asks the best for a promise; only a promise counts. All methods are
 * called on one thread, where answers of members are handled, too.
 *
 * <p>The line is kept in the order of class and arrival. Nobody passes another one on a member that
 * the other could use; whoever waits for its own tenant's limit holds up nobody.
 */
public final class Placer {
  /** What a session that wants a place is told. Called on the placer's thread. */
  public interface Listener {
    /** It waits; 1 is the first in line. */
    void position(int position);

    /** It has room: all devices on one member, or on several, if it may have them so. */
    void placed(List<Grant> grants);

    /** There is none. */
    void refused(Refusal reason, String message);

    /** Whether nobody waits for it any more. */
    boolean isGone();
  }

  /**
   * Room on one member.
   *
   * @param placement names the member's promise
   */
  public record Grant(MemberState member, String placement) {}

  /** Why there is no room. */
  public enum Refusal {
    /** Nothing in the pool will ever fit. */
    NEVER,
    /** Not now. */
    FULL,
    /** The tenant has what it may have. */
    TENANT_LIMIT,
    /** Who looked for room is going down: another member will look. */
    STOPPING
  }

  /** One tenant can't make the line so long that looking through it delays the others. */
  static final int WAITING_MAX = 1000;

  /** Who waits is told so again and again: silence would mean that the member is gone. */
  private static final long TELL_NANOS = 3_000_000_000L;

  /** Who found no room isn't tried again before. */
  private static final long REST_NANOS = 100_000_000;

  private final String pool;
  private final PoolView view;
  private final Neighbours neighbours;
  private final Executor thread;
  private final LongSupplier nanoClock;
  private final List<Waiting> line = new ArrayList<>();
  private long arrivals;
  private boolean looksSoon;

  private static final class Waiting {
    final Demand demand;
    final Listener listener;
    final long number;
    final long untilNanos;
    final Set<String> triedNow = new HashSet<>();

    /** Members that those before it in line could use. */
    Set<String> claimed = Set.of();

    /** Several members together were tried now. */
    boolean spanned;

    boolean trying;
    boolean limited;

    /** It was placed or refused. */
    boolean decided;

    /** Somebody before it is being decided about: what is left for it isn't known yet. */
    boolean held;

    /** Nobody had room for it a moment ago. */
    boolean rests;

    long triedNanos;
    int told;
    long toldNanos;
    String why = "";

    Waiting(Demand demand, Listener listener, long number, long untilNanos) {
      this.demand = demand;
      this.listener = listener;
      this.number = number;
      this.untilNanos = untilNanos;
    }
  }

  /**
   * @param pool the pool's name
   * @param thread runs what it is given on the placer's one thread
   */
  public Placer(
      String pool, PoolView view, Neighbours neighbours, Executor thread, LongSupplier nanoClock) {
    this.pool = pool;
    this.view = view;
    this.neighbours = neighbours;
    this.thread = thread;
    this.nanoClock = nanoClock;
  }

  /** How many are in line. */
  public int waiting() {
    return line.size();
  }

  /** Looks for room for a session; the listener hears what becomes of it. */
  public void place(Demand demand, Listener listener) {
    Optional<String> never = whyNever(demand);
    if (never.isPresent()) {
      listener.refused(Refusal.NEVER, never.get());
      return;
    }
    if (line.stream().filter(each -> each.demand.tenant().equals(demand.tenant())).count()
        >= WAITING_MAX) {
      listener.refused(
          Refusal.TENANT_LIMIT,
          "tenant '"
              + demand.tenant()
              + "' has "
              + WAITING_MAX
              + " sessions in line here and may have no more: try again later");
      return;
    }
    long until = nanoClock.getAsLong() + demand.waitTime().toNanos();
    line.add(new Waiting(demand, listener, arrivals++, until));
    line.sort(
        Comparator.<Waiting, Integer>comparing(each -> each.demand.tenantClass().ordinal())
            .thenComparingLong(each -> each.number));
    look();
  }

  /** Tries again for those in line, and sends away whose time is over; to be called often. */
  public void look() {
    line.stream()
        .filter(each -> !each.trying && each.listener.isGone())
        .toList()
        .forEach(this::leave);
    if (line.isEmpty()) {
      return;
    }
    // Members that don't serve are nobody's to use.
    int members = (int) view.reachable().stream().filter(MemberState::getServing).count();
    Waiting last = line.get(line.size() - 1);
    boolean undecided = false;
    Set<String> claimed = new HashSet<>();
    for (Waiting each : List.copyOf(line)) {
      if (each.decided) {
        // A listener asked for another place when it heard, and all in line were looked at then.
        continue;
      }
      each.held = undecided;
      boolean free = claimed.isEmpty() || claimed.size() < members;
      if (!each.trying && free && !hasJustTried(each)) {
        each.triedNow.clear();
        each.triedNow.addAll(claimed);
        each.claimed = Set.copyOf(claimed);
        each.spanned = false;
        tryNext(each);
      } else if (!each.trying) {
        keepOrRefuse(each);
      }
      undecided |= each.trying;
      // It may have been placed or refused at once; and nobody asks what the last one could use.
      if (each != last && claimed.size() < members && !each.decided && !each.limited) {
        claimed.addAll(usable(each.demand));
      }
    }
    tellPositions();
  }

  private boolean hasJustTried(Waiting waiting) {
    return waiting.rests && nanoClock.getAsLong() - waiting.triedNanos < REST_NANOS;
  }

  /** Sends everybody away. */
  public void stop() {
    List<Waiting> all = List.copyOf(line);
    all.forEach(this::leave);
    all.forEach(
        each ->
            each.listener.refused(
                Refusal.STOPPING, "this member is stopping: ask another one of the pool"));
  }

  private void tellPositions() {
    for (int i = 0; i < line.size(); i++) {
      Waiting each = line.get(i);
      long now = nanoClock.getAsLong();
      if (!each.trying && (each.told != i + 1 || now - each.toldNanos >= TELL_NANOS)) {
        each.told = i + 1;
        each.toldNanos = now;
        each.listener.position(i + 1);
      }
    }
  }

  /** Why no member that is known will ever do; members that are silent may come back. */
  private Optional<String> whyNever(Demand demand) {
    Fitness.Never nearest =
        new Fitness.Never(-1, "no member of the pool is known yet: try again in a moment");
    int together = 0;
    Demand least = demand.least();
    for (MemberState member : view.states()) {
      boolean fit = Fitness.isFit(member, least);
      together += fit ? Fitness.large(member, demand) : 0;
      boolean enough = fit && (!demand.span() || together >= demand.devices());
      if (enough || !PoolView.isKnown(member)) {
        return Optional.empty();
      }
      if (!fit && Fitness.right(member, least) > nearest.step()) {
        nearest = Fitness.whyNever(member, least).orElseThrow();
      }
    }
    return Optional.of(
        together == 0
            ? nearest.why()
            : "all members that may be used have "
                + together
                + " such devices together: ask for fewer (--gpus)");
  }

  /** The members that could take the session if they were empty. */
  private Set<String> usable(Demand demand) {
    Set<String> usable = new HashSet<>();
    Demand least = demand.least();
    for (MemberState member : view.reachable()) {
      if (member.getServing() && Fitness.isFit(member, least)) {
        usable.add(member.getName());
      }
    }
    return usable;
  }

  /** Another number for each session, and for each member that places. */
  private int draw(Waiting waiting) {
    return Long.hashCode((nanoClock.getAsLong() + waiting.number) * 31 + line.size());
  }

  private void tryNext(Waiting waiting) {
    Demand demand = waiting.demand;
    List<MemberState> members =
        view.reachable().stream()
            .filter(MemberState::getServing)
            .filter(each -> !waiting.triedNow.contains(each.getName()))
            .filter(each -> !demand.avoid().contains(each.getName()))
            .filter(each -> Fitness.isFit(each, demand))
            .toList();
    waiting.limited = view.sessionsElsewhere(demand.tenant(), "") >= demand.tenantSessionsMax();
    Optional<MemberState> best =
        waiting.limited ? Optional.empty() : Ranking.best(members, demand, draw(waiting));
    if (best.isEmpty()) {
      boolean span = demand.span() && demand.devices() > 1 && !waiting.limited && !waiting.spanned;
      waiting.trying = span;
      if (span) {
        waiting.spanned = true;
        new SpanAttempt(this, waiting.demand, waiting.claimed, new Spanning(waiting)).next();
      } else {
        keepOrRefuse(waiting);
      }
      return;
    }
    MemberState member = best.get();
    waiting.trying = true;
    waiting.triedNow.add(member.getName());
    ask(member, demand, (reply, failure) -> answered(waiting, member, reply, failure));
  }

  PoolView view() {
    return view;
  }

  /** Asks a member for a promise; the answer comes on the placer's thread. */
  void ask(
      MemberState member,
      Demand demand,
      BiConsumer<@Nullable ReserveReply, @Nullable Throwable> answered) {
    CompletionStage<ReserveReply> asked =
        neighbours.reserve(
            member,
            ReserveRequest.newBuilder()
                .setPool(pool)
                .setTenant(demand.tenant())
                .setDevices(demand.devices())
                .setMemoryBytes(demand.memoryBytes())
                .setPolicy(demand.policy().word())
                .setTenantSessionsMax(demand.tenantSessionsMax())
                .build());
    var unused =
        asked.whenComplete(
            (reply, failure) -> thread.execute(() -> answered.accept(reply, failure)));
  }

  /** Gives promises back. */
  void giveBack(List<Grant> grants) {
    grants.forEach(each -> neighbours.release(each.member(), each.placement()));
  }

  /** What becomes of a session that looks for room on several members. */
  private final class Spanning implements SpanAttempt.End {
    private final Waiting waiting;

    Spanning(Waiting waiting) {
      this.waiting = waiting;
    }

    @Override
    public boolean isWanted() {
      return !waiting.decided;
    }

    @Override
    public void granted(List<Grant> grants) {
      placed(waiting, grants);
      rest(waiting);
    }

    @Override
    public void failed(boolean limited, String why) {
      waiting.trying = false;
      waiting.limited = limited;
      waiting.why = why.isEmpty() ? waiting.why : why;
      keepOrRefuse(waiting);
      rest(waiting);
    }
  }

  private void answered(
      Waiting waiting,
      MemberState member,
      @Nullable ReserveReply reply,
      @Nullable Throwable failure) {
    if (waiting.decided) {
      // It was sent away meanwhile; a promise ends by itself.
      return;
    }
    if (failure != null || reply == null) {
      view.lost(member.getName(), "it doesn't answer");
      tryNext(waiting);
    } else {
      switch (reply.getOutcome()) {
        case RESERVED -> {
          view.placed(member.getName(), waiting.demand);
          placed(waiting, List.of(new Grant(member, reply.getPlacement())));
        }
        case TENANT_LIMIT -> {
          waiting.trying = false;
          waiting.limited = true;
          keepOrRefuse(waiting);
        }
        case NO_ROOM, CLOSED, UNRECOGNIZED -> {
          waiting.why = reply.getWhy();
          tryNext(waiting);
        }
      }
    }
    if (!waiting.trying) {
      rest(waiting);
    }
  }

  private void rest(Waiting waiting) {
    waiting.rests = true;
    waiting.triedNanos = nanoClock.getAsLong();
    // Those that were held by it are decided about now, all of them at once.
    if (!looksSoon) {
      looksSoon = true;
      thread.execute(
          () -> {
            looksSoon = false;
            look();
          });
    }
  }

  private void placed(Waiting waiting, List<Grant> grants) {
    waiting.trying = false;
    leave(waiting);
    waiting.listener.placed(grants);
  }

  private void leave(Waiting waiting) {
    waiting.decided = true;
    line.remove(waiting);
  }

  private void keepOrRefuse(Waiting waiting) {
    boolean undecided = waiting.held && !waiting.limited;
    if (undecided || nanoClock.getAsLong() - waiting.untilNanos < 0) {
      return;
    }
    leave(waiting);
    Demand demand = waiting.demand;
    String waited =
        demand.waitTime().isZero()
            ? ""
            : " within the " + demand.waitTime().toSeconds() + " s to wait";
    if (waiting.limited) {
      waiting.listener.refused(
          Refusal.TENANT_LIMIT,
          "tenant '"
              + demand.tenant()
              + "' has "
              + demand.tenantSessionsMax()
              + " sessions in the pool and may have no more"
              + waited
              + ": end one, or ask the pool's operator for a higher limit");
    } else {
      waiting.listener.refused(
          Refusal.FULL,
          "no member of the pool has room"
              + waited
              + (waiting.why.isEmpty() ? "" : " (" + waiting.why + ")")
              + ": ask for less, wait longer (--wait), or try again later");
    }
  }
}
