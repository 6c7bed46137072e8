// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.server.tenant.TenantClass;
import io.remora.v1.MemberState;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A pool with the real placers, views and promises, a simulated network and registry, and members
 * that die, are cut off and are drained. Everything follows from the seed.
 */
final class PoolSimulation {
  private static final long SECOND = 1_000_000_000L;
  private static final int TENANT_SESSIONS_MAX = 20;
  private static final int TRIES_MAX = 6;

  /**
   * How large it is.
   *
   * @param gateways members that clients name, and that place
   * @param seconds within which all sessions come
   */
  record Size(int members, int gateways, int tenants, int sessions, int seconds) {}

  /** What became of the sessions, and how. */
  static final class Figures {
    int finished;
    int spanning;
    int refused;
    int lost;
    int deaths;
    int cuts;
    int drains;
    int retries;
    final List<Long> placedNanos = new ArrayList<>();
    final List<Double> imbalances = new ArrayList<>();
    long steps;

    long quantileMicros(double part) {
      List<Long> sorted = placedNanos.stream().sorted().toList();
      return sorted.isEmpty() ? 0 : sorted.get((int) ((sorted.size() - 1) * part)) / 1000;
    }
  }

  private final Size size;
  private final SplittableRandom random;
  private final SimulatedTime time = new SimulatedTime();
  private final SimulatedNetwork network;
  private final SimulatedRegistry registry;
  private final Map<String, SimulatedMember> members = new HashMap<>();
  private final List<SimulatedMember> all = new ArrayList<>();
  private final List<Gateway> gateways = new ArrayList<>();
  private final Figures figures = new Figures();
  private final Set<SimulatedMember> touched = new HashSet<>();
  private int open;

  private static final class Gateway {
    final SimulatedMember member;
    final PoolView view;
    Placer placer;

    Gateway(SimulatedMember member, PoolView view, Placer placer) {
      this.member = member;
      this.view = view;
      this.placer = placer;
    }
  }

  PoolSimulation(Size size, long seed) {
    this.size = size;
    random = new SplittableRandom(seed);
    network = new SimulatedNetwork(time, random.split());
    registry = new SimulatedRegistry(time);
    for (int i = 0; i < size.members(); i++) {
      String name = "m" + i;
      SimulatedMember member =
          new SimulatedMember(name, "z" + i % 8, time, registry.new Of(name, network));
      members.put(name, member);
      all.add(member);
      if (i < size.gateways()) {
        PoolView view = new PoolView(time::nanos, Duration.ofSeconds(4));
        gateways.add(new Gateway(member, view, placer(member, view)));
      }
    }
  }

  private Placer placer(SimulatedMember at, PoolView view) {
    Neighbours neighbours =
        new Neighbours() {
          @Override
          public CompletionStage<ReserveReply> reserve(MemberState to, ReserveRequest request) {
            return PoolSimulation.this.reserve(at, to, request);
          }

          @Override
          public void release(MemberState to, String placement) {
            SimulatedMember member = Objects.requireNonNull(members.get(to.getName()));
            network.send(at.name, member.name, () -> member.release(placement), () -> {});
          }
        };
    return new Placer("sim", view, neighbours, time, time::nanos);
  }

  private CompletionStage<ReserveReply> reserve(
      SimulatedMember from, MemberState to, ReserveRequest request) {
    SimulatedMember member = Objects.requireNonNull(members.get(to.getName()));
    CompletableFuture<ReserveReply> answer = new CompletableFuture<>();
    Runnable lost = () -> answer.completeExceptionally(new IllegalStateException("no answer"));
    network.send(
        from.name,
        member.name,
        () -> {
          if (!member.up) {
            lost.run();
            return;
          }
          touched.add(member);
          var unused =
              member
                  .reserve(request)
                  .whenComplete(
                      (reply, failure) ->
                          network.send(member.name, from.name, () -> answer.complete(reply), lost));
        },
        lost);
    return answer;
  }

  /** Runs until every session has come to an end; throws if an invariant breaks. */
  Figures run() {
    all.forEach(SimulatedMember::beat);
    tick();
    for (int i = 0; i < size.sessions(); i++) {
      long at = random.nextLong(3 * SECOND, (3L + size.seconds()) * SECOND);
      int tenant = random.nextInt(size.tenants());
      time.after(at, () -> new Client("t" + tenant).come());
    }
    open = size.sessions();
    time.after(5 * SECOND, this::trouble);
    while (open > 0 && time.step()) {
      touched.forEach(SimulatedMember::check);
      touched.clear();
    }
    settle();
    figures.steps = time.steps();
    return figures;
  }

  /** What nobody came for ends within a minute; then nothing may be left. */
  private void settle() {
    all.forEach(each -> network.heal(each.name));
    network.heal(SimulatedNetwork.REGISTRY);
    long until = time.nanos() + 90 * SECOND;
    while (time.nanos() < until && time.step()) {
      touched.clear();
    }
    for (SimulatedMember member : all) {
      if (!member.isEmpty()) {
        throw new AssertionError(member.name + " has promises or sessions that nobody has");
      }
    }
    if (registry.total() != 0) {
      throw new AssertionError(registry.total() + " sessions are counted that nobody has");
    }
    if (figures.finished + figures.refused + figures.lost != size.sessions()) {
      throw new AssertionError("a session has ended without a word");
    }
  }

  /** What members do by the second. */
  private void tick() {
    registry.expire();
    for (SimulatedMember member : all) {
      if (member.up) {
        member.expire();
        member.beat();
        MemberState state = member.state();
        for (Gateway gateway : gateways) {
          if (gateway.member.up) {
            network.send(
                member.name, gateway.member.name, () -> gateway.view.heard(state), () -> {});
          }
        }
      }
    }
    gateways.forEach(each -> each.placer.look());
    measure();
    time.after(SECOND, this::tick);
  }

  /** How unevenly sessions lie on devices: the standard deviation by the mean. */
  private void measure() {
    double sum = 0;
    double squares = 0;
    int devices = 0;
    for (SimulatedMember member : all) {
      if (member.up && !member.draining) {
        for (int load : member.loads()) {
          sum += load;
          squares += (double) load * load;
          devices++;
        }
      }
    }
    double mean = sum / Math.max(1, devices);
    if (mean >= 2) {
      figures.imbalances.add(Math.sqrt(Math.max(0, squares / devices - mean * mean)) / mean);
    }
  }

  /** Every second something breaks, and is whole again after a while. */
  private void trouble() {
    if (open == 0) {
      return;
    }
    SimulatedMember member = all.get(random.nextInt(all.size()));
    long healNanos = random.nextLong(SECOND, 20 * SECOND);
    switch (random.nextInt(4)) {
      case 0 -> kill(member, healNanos);
      case 1 -> {
        figures.cuts++;
        network.cut(member.name);
        time.after(healNanos, () -> network.heal(member.name));
      }
      case 2 -> {
        figures.drains++;
        member.draining = true;
        time.after(healNanos, () -> member.draining = false);
      }
      default -> {
        if (random.nextInt(10) == 0) {
          figures.cuts++;
          network.cut(SimulatedNetwork.REGISTRY);
          time.after(3 * SECOND, () -> network.heal(SimulatedNetwork.REGISTRY));
        }
      }
    }
    time.after(SECOND, this::trouble);
  }

  private void kill(SimulatedMember member, long healNanos) {
    if (!member.up) {
      return;
    }
    figures.deaths++;
    member.die().forEach(Runnable::run);
    for (Gateway gateway : gateways) {
      if (gateway.member == member) {
        Placer gone = gateway.placer;
        gateway.placer = placer(member, gateway.view);
        gone.stop();
      }
    }
    time.after(healNanos, member::start);
  }

  private record Opened(SimulatedMember member, String placement) {}

  /** A program that wants devices for a while. */
  private final class Client implements Placer.Listener {
    private final String tenant;
    private final Demand demand;
    private final Set<String> avoid = new HashSet<>();
    private final List<Opened> opened = new ArrayList<>();
    private boolean lost;
    private long cameNanos;
    private int tries;

    Client(String tenant) {
      this.tenant = tenant;
      int kind = random.nextInt(10);
      demand =
          new Demand(
              tenant,
              TenantClass.values()[random.nextInt(3)],
              kind == 0 ? random.nextInt(2, 7) : 1,
              kind < 3 ? random.nextLong(1, 20) << 30 : 0,
              kind == 9 ? Map.of("zone", "z" + random.nextInt(8)) : Map.of(),
              Policy.values()[random.nextInt(2) + 1],
              Duration.ofSeconds(random.nextInt(10)),
              TENANT_SESSIONS_MAX,
              Set.of(),
              true);
    }

    void come() {
      cameNanos = time.nanos();
      ask();
    }

    private void ask() {
      Gateway gateway = gateways.get(random.nextInt(gateways.size()));
      if (tries++ == TRIES_MAX) {
        figures.refused++;
        open--;
      } else if (!gateway.member.up || !network.reaches("client", gateway.member.name)) {
        figures.retries++;
        time.after(SECOND / 10, this::ask);
      } else {
        gateway.placer.place(
            new Demand(
                tenant,
                demand.tenantClass(),
                demand.devices(),
                demand.memoryBytes(),
                demand.labels(),
                demand.policy(),
                demand.waitTime(),
                demand.tenantSessionsMax(),
                avoid,
                demand.span()),
            this);
      }
    }

    @Override
    public void position(int position) {}

    @Override
    public boolean isGone() {
      return false;
    }

    @Override
    public void refused(Placer.Refusal reason, String message) {
      if (message.isEmpty()) {
        throw new AssertionError("a refusal without a word");
      }
      if (reason == Placer.Refusal.STOPPING) {
        figures.retries++;
        time.after(SECOND / 10, this::ask);
      } else {
        figures.refused++;
        open--;
      }
    }

    @Override
    public void placed(List<Placer.Grant> grants) {
      figures.spanning += grants.size() > 1 ? 1 : 0;
      opened.clear();
      open(grants, 0);
    }

    /** Opens a session on each member, one after the other; on all or none. */
    private void open(List<Placer.Grant> grants, int number) {
      if (number == grants.size()) {
        figures.placedNanos.add(time.nanos() - cameNanos);
        time.after(random.nextLong(SECOND, 120 * SECOND), this::end);
        return;
      }
      Placer.Grant grant = grants.get(number);
      SimulatedMember member = Objects.requireNonNull(members.get(grant.member().getName()));
      network.send(
          "client",
          member.name,
          () -> {
            touched.add(member);
            if (lost) {
              return;
            }
            if (member.open(grant.placement(), tenant, this::died)) {
              opened.add(new Opened(member, grant.placement()));
              open(grants, number + 1);
            } else {
              again(member);
            }
          },
          () -> again(member));
    }

    private void again(SimulatedMember member) {
      if (!lost) {
        closeAll();
        figures.retries++;
        avoid.add(member.name);
        ask();
      }
    }

    private void closeAll() {
      opened.forEach(each -> each.member().close(each.placement(), tenant));
      opened.clear();
    }

    private void end() {
      if (!lost) {
        closeAll();
        figures.finished++;
        open--;
      }
    }

    /** One of its members: then the program ends. */
    private void died() {
      if (!lost) {
        lost = true;
        closeAll();
        figures.lost++;
        open--;
      }
    }
  }
}
