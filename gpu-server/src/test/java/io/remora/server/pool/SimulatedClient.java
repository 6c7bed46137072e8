// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.server.tenant.TenantClass;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A program that wants devices for a while. It finishes, is refused or is told why it ends. */
final class SimulatedClient implements Placer.Listener {
  private static final long SECOND = 1_000_000_000L;
  private static final int TENANT_SESSIONS_MAX = 20;
  private static final int TRIES_MAX = 6;

  private record Opened(SimulatedMember member, String placement) {}

  private final PoolSimulation pool;
  private final Demand demand;
  private final Set<String> avoid = new HashSet<>();
  private final List<Opened> opened = new ArrayList<>();
  private boolean over;
  private boolean running;
  private boolean moving;
  private long cameNanos;
  private int tries;

  SimulatedClient(PoolSimulation pool, String tenant) {
    this.pool = pool;
    int kind = pool.random.nextInt(10);
    demand =
        new Demand(
            tenant,
            TenantClass.values()[pool.random.nextInt(3)],
            kind == 0 ? pool.random.nextInt(2, 7) : 1,
            kind < 3 ? pool.random.nextLong(1, 20) << 30 : 0,
            kind == 9 ? Map.of("zone", "z" + pool.random.nextInt(PoolSimulation.ZONES)) : Map.of(),
            Policy.values()[pool.random.nextInt(2) + 1],
            Duration.ofSeconds(pool.random.nextInt(10)),
            TENANT_SESSIONS_MAX,
            Set.of(),
            true);
  }

  void come() {
    pool.come(this);
    cameNanos = pool.time.nanos();
    ask();
  }

  private void ask() {
    PoolSimulation.Gateway gateway = pool.gateway();
    if (tries++ == TRIES_MAX) {
      pool.figures.refused++;
      leave();
    } else if (!isReached(gateway)) {
      pool.figures.retries++;
      pool.time.after(SECOND / 10, this::ask);
    } else {
      gateway.placer.place(like(demand, demand.tenantSessionsMax(), avoid, true), this);
    }
  }

  private boolean isReached(PoolSimulation.Gateway gateway) {
    return gateway.member.up && pool.network.reachesFromOutside(gateway.member.name);
  }

  private static Demand like(Demand demand, int sessionsMax, Set<String> avoid, boolean first) {
    return new Demand(
        demand.tenant(),
        demand.tenantClass(),
        demand.devices(),
        demand.memoryBytes(),
        first ? demand.labels() : Map.of(),
        demand.policy(),
        first ? demand.waitTime() : Duration.ZERO,
        sessionsMax,
        avoid,
        first);
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
      pool.figures.retries++;
      pool.time.after(SECOND / 10, this::ask);
    } else {
      pool.figures.refused++;
      leave();
    }
  }

  @Override
  public void placed(List<Placer.Grant> grants) {
    pool.figures.spanning += grants.size() > 1 ? 1 : 0;
    open(grants, 0);
  }

  /** Opens a session on each member, one after the other; on all or none. */
  private void open(List<Placer.Grant> grants, int number) {
    if (number == grants.size()) {
      running = true;
      pool.figures.placedNanos.add(pool.time.nanos() - cameNanos);
      pool.time.after(pool.random.nextLong(SECOND, 120 * SECOND), this::end);
      return;
    }
    Opened next = opened(grants.get(number));
    pool.network.send(
        SimulatedNetwork.CLIENT,
        next.member.name,
        () -> {
          if (over) {
            return;
          }
          if (begin(next)) {
            open(grants, number + 1);
          } else {
            again(next.member);
          }
        },
        () -> again(next.member));
  }

  private Opened opened(Placer.Grant grant) {
    return new Opened(pool.member(grant.member()), grant.placement());
  }

  private boolean begin(Opened it) {
    boolean begun =
        pool.touch(it.member)
            .open(
                it.placement,
                new SimulatedMember.Session(demand.tenant(), this::ended, () -> move(it)));
    if (begun) {
      opened.add(it);
    }
    return begun;
  }

  private void again(SimulatedMember member) {
    if (!over) {
      closeAll();
      pool.figures.retries++;
      avoid.add(member.name);
      ask();
    }
  }

  private void closeAll() {
    opened.forEach(this::close);
    opened.clear();
  }

  /** A member that is cut off doesn't hear of it. */
  private void close(Opened it) {
    if (pool.network.reachesFromOutside(it.member.name)) {
      pool.touch(it.member).close(it.placement);
    } else {
      it.member.leave(it.placement);
    }
  }

  private void end() {
    if (!over) {
      closeAll();
      pool.figures.finished++;
      leave();
    }
  }

  /** One of its members has ended its session: then the program ends. */
  private void ended(SimulatedMember.End why) {
    if (!over) {
      closeAll();
      pool.figures.lost(why);
      leave();
    }
  }

  private void leave() {
    over = true;
    pool.gone(this);
  }

  /** As a server moves a session: one member, any labels, at once, and counted twice meanwhile. */
  private void move(Opened from) {
    PoolSimulation.Gateway gateway = pool.gateway();
    if (over || moving || !running || opened.size() > 1 || !isReached(gateway)) {
      return;
    }
    moving = true;
    Set<String> others = new HashSet<>(avoid);
    others.add(from.member.name);
    gateway.placer.place(
        like(demand, demand.tenantSessionsMax() + 1, others, false),
        new Placer.Listener() {
          @Override
          public void position(int position) {}

          @Override
          public boolean isGone() {
            return over;
          }

          @Override
          public void refused(Placer.Refusal reason, String message) {
            moving = false;
          }

          @Override
          public void placed(List<Placer.Grant> grants) {
            arrive(from, opened(grants.get(0)));
          }
        });
  }

  private void arrive(Opened from, Opened to) {
    pool.network.send(
        from.member.name,
        to.member.name,
        () -> {
          moving = false;
          if (over || !opened.contains(from)) {
            pool.touch(to.member).release(to.placement);
          } else if (begin(to)) {
            opened.remove(from);
            close(from);
            pool.figures.moved++;
          }
        },
        () -> moving = false);
  }

  /** All that it has opened is there; how many sessions that are. */
  int check() {
    for (Opened each : opened) {
      if (!each.member.has(each.placement)) {
        throw new AssertionError(each + " has ended and its client was not told");
      }
    }
    return opened.size();
  }
}
