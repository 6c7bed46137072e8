// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

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
 * A pool with the real placers, views and promises, a simulated network, registry and devices, and
 * {@link SimulatedTroubles}. Everything follows from the seed.
 */
final class PoolSimulation {
  private static final long SECOND = 1_000_000_000L;
  static final int ZONES = 8;

  /** No program tries, waits and runs for longer. */
  private static final int SESSION_SECONDS_MAX = 400;

  /**
   * How large it is.
   *
   * @param gateways members that clients name, and that place
   * @param seconds within which all sessions come
   */
  record Size(int members, int gateways, int tenants, int sessions, int seconds) {}

  private final Size size;
  final SplittableRandom random;
  final SimulatedTime time = new SimulatedTime();
  final SimulatedNetwork network;
  final SimulationFigures figures = new SimulationFigures();
  private final SimulatedRegistry registry;
  private final Map<String, SimulatedMember> members = new HashMap<>();
  private final List<SimulatedMember> all = new ArrayList<>();
  private final List<Gateway> gateways = new ArrayList<>();
  private final Set<SimulatedMember> touched = new HashSet<>();
  private final Map<String, SimulatedRegistry.Of> counts = new HashMap<>();
  private final Set<SimulatedClient> clients = new HashSet<>();
  private int open;

  static final class Gateway {
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
      counts.put(name, registry.new Of(name, network));
      SimulatedMember member = new SimulatedMember(name, "z" + i % ZONES, time, counts.get(name));
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
            SimulatedMember member = member(to);
            network.send(at.name, member.name, () -> touch(member).release(placement), () -> {});
          }
        };
    return new Placer("sim", view, neighbours, time, time::nanos);
  }

  SimulatedMember member(MemberState state) {
    return Objects.requireNonNull(members.get(state.getName()));
  }

  /** A member that is looked at after this step. */
  SimulatedMember touch(SimulatedMember member) {
    touched.add(member);
    return member;
  }

  /** Where a client asks. */
  Gateway gateway() {
    return gateways.get(random.nextInt(gateways.size()));
  }

  /** A client's program has begun to look for room. */
  void come(SimulatedClient client) {
    clients.add(client);
  }

  /** A client's program has come to its end. */
  void gone(SimulatedClient client) {
    if (!clients.remove(client)) {
      throw new AssertionError("a program has ended twice");
    }
    open--;
  }

  private CompletionStage<ReserveReply> reserve(
      SimulatedMember from, MemberState to, ReserveRequest request) {
    SimulatedMember member = member(to);
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
          var unused =
              touch(member)
                  .reserve(request)
                  .whenComplete(
                      (reply, failure) ->
                          network.send(
                              touch(member).name, from.name, () -> answer.complete(reply), lost));
        },
        lost);
    return answer;
  }

  /** Runs until every session has come to an end; throws if an invariant breaks. */
  SimulationFigures run() {
    all.forEach(SimulatedMember::beat);
    tick();
    for (int i = 0; i < size.sessions(); i++) {
      long at = random.nextLong(3 * SECOND, (3L + size.seconds()) * SECOND);
      // Some have many sessions, most have few.
      double part = random.nextDouble();
      String tenant = "t" + (int) (part * part * size.tenants());
      time.after(at, () -> new SimulatedClient(this, tenant).come());
    }
    open = size.sessions();
    new SimulatedTroubles(
            random.split(), time, network, all, figures, this::stopped, () -> open == 0)
        .begin();
    long last = (3L + size.seconds() + SESSION_SECONDS_MAX) * SECOND;
    while (open > 0 && time.step()) {
      touched.forEach(SimulatedMember::check);
      touched.clear();
      if (time.nanos() > last) {
        throw new AssertionError(open + " sessions wait for a word that doesn't come");
      }
    }
    settle();
    figures.steps = time.steps();
    return figures;
  }

  /** What nobody came for ends within a minute; then nothing may be left. */
  private void settle() {
    all.forEach(each -> network.heal(each.name));
    network.heal(SimulatedNetwork.REGISTRY);
    network.join();
    long until = time.nanos() + 90 * SECOND;
    while (time.nanos() < until && time.step()) {
      touched.forEach(SimulatedMember::check);
      touched.clear();
    }
    checkAll();
    for (SimulatedMember member : all) {
      if (!member.isEmpty()) {
        throw new AssertionError(member.name + " has promises or sessions that nobody has");
      }
    }
    if (registry.total() != 0) {
      throw new AssertionError(registry.total() + " sessions are counted that nobody has");
    }
    if (figures.finished + figures.refused + figures.lost() != size.sessions()) {
      throw new AssertionError("a session has ended without a word");
    }
  }

  /** What members do by the second. */
  private void tick() {
    registry.expire();
    for (SimulatedMember member : all) {
      if (member.up) {
        figures.resumed += member.meetClients(network.reachesFromOutside(member.name));
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
    checkAll();
    measure();
    time.after(SECOND, this::tick);
  }

  /** All ledgers, with each other; what one step changes is checked after it. */
  private void checkAll() {
    int attended = 0;
    for (SimulatedMember member : all) {
      member.check();
      member.checkCounts();
      attended += member.attended();
    }
    int opened = 0;
    for (SimulatedClient client : clients) {
      opened += client.check();
    }
    if (attended != opened) {
      throw new AssertionError(
          "members have " + attended + " sessions, and clients have " + opened);
    }
    Set<String> unknown = registry.unknown(counts);
    if (!unknown.isEmpty()) {
      throw new AssertionError("the registry counts what nobody has: " + unknown);
    }
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

  /** Its placer is gone with it; a new one begins with an empty line. */
  private void stopped(SimulatedMember member) {
    for (Gateway gateway : gateways) {
      if (gateway.member == member) {
        Placer gone = gateway.placer;
        gateway.placer = placer(member, gateway.view);
        gone.stop();
      }
    }
  }
}
