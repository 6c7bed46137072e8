// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Status;
import io.remora.server.pool.PoolFile;
import io.remora.server.pool.PoolView;
import io.remora.v1.MemberState;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks all other members every second how they stand, where they are listed or found by DNS. Called
 * on the pool's thread; answers may come on any.
 */
final class PoolRounds {
  private static final Logger log = LoggerFactory.getLogger(PoolRounds.class);
  private static final long ASK_NANOS = 1_000_000_000;
  private static final long RESOLVE_NANOS = 5_000_000_000L;

  private final Supplier<PoolFile> pool;
  private final String self;
  private final PoolLinks links;
  private final PoolView view;
  private final LongSupplier nanoClock;
  private final long startNanos;
  private long asked = -1;
  private long resolved = -1;
  private volatile Set<String> addresses = Set.of();

  /** By name: what was said of the last time when it couldn't be reached. */
  private final Map<String, String> troubles = new HashMap<>();

  PoolRounds(
      Supplier<PoolFile> pool,
      String self,
      PoolLinks links,
      PoolView view,
      LongSupplier nanoClock) {
    this.pool = pool;
    this.self = self;
    this.links = links;
    this.view = view;
    this.nanoClock = nanoClock;
    startNanos = nanoClock.getAsLong();
  }

  /** Asks if it is time to. */
  void look() {
    long passed = nanoClock.getAsLong() - startNanos;
    String dns = pool.get().dns();
    if (dns != null && (resolved < 0 || passed - resolved >= RESOLVE_NANOS)) {
      resolved = passed;
      var unused = CompletableFuture.runAsync(() -> resolve(dns));
    }
    if (asked < 0 || passed - asked >= ASK_NANOS) {
      asked = passed;
      if (dns == null) {
        askListed(pool.get());
      } else {
        addresses.forEach(address -> ask(null, address));
      }
    }
  }

  private void askListed(PoolFile now) {
    Set<String> names = new HashSet<>(now.members().keySet());
    names.add(self);
    view.retain(names);
    Set<String> servers = new HashSet<>();
    now.members()
        .forEach(
            (name, member) -> {
              if (!name.equals(self)) {
                servers.add(member.server());
                view.listed(name, member.server());
                ask(name, member.server());
              }
            });
    links.retain(servers);
  }

  private void ask(@Nullable String name, String server) {
    var unused =
        links
            .member(server, pool.get().name())
            .whenComplete((state, failure) -> heard(name, server, state, failure));
  }

  private void heard(
      @Nullable String name,
      String server,
      @Nullable MemberState state,
      @Nullable Throwable failure) {
    if (state == null) {
      trouble(name == null ? server : name, why(failure));
    } else if (name != null && !name.equals(state.getName())) {
      trouble(name, server + " says that it is '" + state.getName() + "'");
    } else if (!state.getName().equals(self)) {
      trouble(state.getName(), "");
      // The list says where a member is, not the member.
      view.heard(name == null ? state : state.toBuilder().setServer(server).build());
    }
  }

  /** In the same words for the same trouble, so that it is said once. */
  private static String why(@Nullable Throwable failure) {
    Status status = failure == null ? Status.UNKNOWN : Status.fromThrowable(failure);
    String said = status.getDescription();
    return switch (status.getCode()) {
      case DEADLINE_EXCEEDED -> "it doesn't answer within 2 s";
      case UNAVAILABLE -> "it can't be reached";
      default -> said == null ? "it answers " + status.getCode() : said;
    };
  }

  private void trouble(String name, String why) {
    String before;
    synchronized (troubles) {
      before = why.isEmpty() ? troubles.remove(name) : troubles.put(name, why);
    }
    if (!why.isEmpty()) {
      view.lost(name, why);
    }
    if (!why.equals(before == null ? "" : before)) {
      if (why.isEmpty()) {
        log.info("Member {} is there again", name);
      } else {
        log.warn("Member {} gets no sessions: {}", name, why);
      }
    }
  }

  /** Blocks as long as the system's resolver does. */
  private void resolve(String dns) {
    int colon = dns.lastIndexOf(':');
    String host = dns.substring(0, colon).replace("[", "").replace("]", "");
    Set<String> found = new TreeSet<>();
    try {
      for (InetAddress address : InetAddress.getAllByName(host)) {
        String text = address.getHostAddress();
        found.add((text.contains(":") ? "[" + text + "]" : text) + dns.substring(colon));
      }
      addresses = Set.copyOf(found);
    } catch (UnknownHostException e) {
      log.warn("The pool's name {} has no addresses now; those known before stay", host);
    }
  }
}
