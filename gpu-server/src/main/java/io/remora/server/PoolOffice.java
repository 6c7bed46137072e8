// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.remora.config.ConfigException;
import io.remora.server.config.ListenAddress;
import io.remora.server.config.PoolSettings;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.TlsMode;
import io.remora.server.pool.Demand;
import io.remora.server.pool.EtcdSettings;
import io.remora.server.pool.Neighbours;
import io.remora.server.pool.Placer;
import io.remora.server.pool.PoolCounts;
import io.remora.server.pool.PoolFile;
import io.remora.server.pool.PoolToken;
import io.remora.server.pool.PoolView;
import io.remora.server.pool.Promises;
import io.remora.server.pool.SeenCounts;
import io.remora.server.pool.etcd.EtcdRegistry;
import io.remora.v1.KnownMember;
import io.remora.v1.MemberState;
import io.remora.v1.MembersReply;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's part in a pool, put together: its desk, what it knows of the others, and the line of
 * those that wait. A server without a pool's file is a pool of its own. It has one thread, on which
 * sessions are placed.
 */
final class PoolOffice implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PoolOffice.class);

  /** How often waiting sessions are looked at. */
  private static final int LOOK_MILLIS = 200;

  /** A member that was silent for so long gets no session. */
  private static final Duration STALE = Duration.ofSeconds(4);

  private final PoolWatch file;
  private final PoolDesk desk;
  private final PoolView view;
  private final Placer placer;
  private final PoolLinks links;
  private final @Nullable PoolRounds rounds;
  private final @Nullable EtcdRegistry registry;
  private final @Nullable String advertised;
  private final Set<String> operators;
  private final ScheduledExecutorService thread;

  private PoolOffice(
      PoolWatch file,
      PoolDesk.Identity self,
      PoolDesk.Surroundings around,
      PoolLinks links,
      @Nullable String advertised,
      Set<String> operators)
      throws IOException {
    this.file = file;
    this.links = links;
    this.advertised = advertised;
    this.operators = operators;
    LongSupplier nanoClock = around.reception().nanoClock();
    thread = Executors.newSingleThreadScheduledExecutor(PoolOffice::worker);
    EtcdSettings etcd = file.pool().etcd();
    view = new PoolView(nanoClock, etcd == null ? STALE : etcd.lease().plus(STALE));
    registry =
        etcd == null
            ? null
            : EtcdRegistry.open(etcd, file.pool().name(), self.name(), view, thread, nanoClock);
    PoolCounts counts = registry == null ? new SeenCounts(self.name(), view) : registry.counts();
    desk = new PoolDesk(self, file::pool, around, new Promises(nanoClock), counts);
    placer = new Placer(file.pool().name(), view, new Asking(), this::run, nanoClock);
    rounds =
        file.pool().discovery().equals("list") || file.pool().discovery().equals("dns")
            ? new PoolRounds(file::pool, self.name(), links, view, nanoClock)
            : null;
  }

  /**
   * Puts the parts together; nothing is asked or answered before {@link #start}.
   *
   * @throws ConfigException if the pool's file has mistakes or doesn't know this server
   */
  static PoolOffice of(
      ServerConfig config,
      Credentials credentials,
      EventLoops loops,
      PoolDesk.Surroundings around,
      String version)
      throws IOException {
    PoolSettings settings = config.pool();
    Path path = settings.file();
    PoolWatch file = path == null ? PoolWatch.alone() : PoolWatch.of(path);
    PoolFile pool = file.pool();
    String name = path == null ? "self" : memberName(settings, pool, path);
    if (pool.members().isEmpty() && path != null && settings.server() == null) {
      log.info("Others are told to reach this member by its machine's name: see --advertise");
    }
    PoolFile.Listed listed = pool.members().get(name);
    String advertised = listed == null ? settings.server() : listed.server();
    Path ca = pool.ca() == null ? credentials.ca() : pool.ca();
    boolean shows = config.clientCa() != null;
    PoolLinks.Trust trust =
        new PoolLinks.Trust(
            ca, shows ? credentials.certificate() : null, shows ? credentials.key() : null);
    PoolLinks links = PoolLinks.open(loops, config.tls() == TlsMode.ON ? trust : null, file::token);
    PoolDesk.Identity self = new PoolDesk.Identity(name, version, UUID.randomUUID().toString());
    return new PoolOffice(file, self, around, links, advertised, config.operators());
  }

  private static String memberName(PoolSettings settings, PoolFile pool, Path path) {
    String given = settings.member();
    String name = given == null ? hostName() : given;
    if (pool.terms(name).isEmpty()) {
      throw new ConfigException(
          List.of(
              path
                  + " lists the members "
                  + String.join(", ", pool.members().keySet().stream().sorted().toList())
                  + " and not '"
                  + name
                  + "': say which one this server is with --member, or 'pool.member'"));
    }
    return name;
  }

  private static String hostName() {
    try {
      String name = InetAddress.getLocalHost().getHostName();
      return PoolFile.isName(name) ? name : "unnamed";
    } catch (UnknownHostException e) {
      return "unnamed";
    }
  }

  private static Thread worker(Runnable work) {
    Thread worker = new Thread(work, "remora-pool");
    worker.setDaemon(true);
    return worker;
  }

  /**
   * Begins to ask and to place.
   *
   * @param address where the server listens
   */
  void start(ListenAddress address) {
    String listens =
        new ListenAddress(
                isAlone() || address.isLoopback() ? address.host() : hostName(), address.port())
            .toString();
    desk.reachedAt(advertised == null ? listens : advertised);
    view.heard(desk.state());
    var unused =
        thread.scheduleWithFixedDelay(
            guarded(this::look), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    if (!isAlone()) {
      log.info(
          "Member '{}' of the pool '{}' at {}",
          desk.self().name(),
          pool().name(),
          advertised == null ? listens : advertised);
    }
  }

  private void look() {
    file.poll();
    desk.expire();
    MemberState own = desk.state();
    view.heard(own);
    if (registry != null) {
      registry.look(own);
    }
    if (rounds != null) {
      rounds.look();
    }
    placer.look();
  }

  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        // An exception would end the schedule for good.
        log.error("A look at the pool failed and will be tried again", e);
      }
    };
  }

  /** Runs on the pool's thread; not at all while the server goes down. */
  private void run(Runnable task) {
    try {
      thread.execute(guarded(task));
    } catch (RejectedExecutionException e) {
      log.debug("The pool's thread has ended", e);
    }
  }

  /** Asks members, this one without a way over the network. */
  private final class Asking implements Neighbours {
    @Override
    public CompletionStage<ReserveReply> reserve(MemberState member, ReserveRequest request) {
      return member.getName().equals(desk.self().name())
          ? desk.reserve(request)
          : links.reserve(member.getServer(), request);
    }

    @Override
    public void release(MemberState member, String placement) {
      giveBack(member, placement);
    }
  }

  /** The service for clients and members. */
  ServerServiceDefinition service(ServerInterceptor tenantCheck) {
    return PoolService.definition(this, tenantCheck);
  }

  PoolDesk desk() {
    return desk;
  }

  /** The pool's file as it is in force. */
  PoolFile pool() {
    return file.pool();
  }

  /** Whether the server is a pool of its own. */
  boolean isAlone() {
    return pool().name().isEmpty();
  }

  /** The secrets by which members prove themselves now. */
  List<PoolToken> tokens() {
    return file.tokens();
  }

  /** Whether a tenant may know everything. */
  boolean isOperator(String tenant) {
    return operators.contains(tenant);
  }

  /** Whether sessions can be counted over the whole pool now. */
  boolean canCount() {
    return registry == null || registry.isThere();
  }

  /** The ways to the other members. */
  PoolLinks links() {
    return links;
  }

  /** Looks for room. */
  void place(Demand demand, Placer.Listener listener) {
    run(() -> placer.place(demand, listener));
  }

  /** Tells how all members stand. */
  void members(Consumer<MembersReply> to) {
    run(
        () ->
            to.accept(
                MembersReply.newBuilder()
                    .setPool(pool().name())
                    .setPolicy(pool().policy().word())
                    .setDiscovery(pool().discovery())
                    .addAllMembers(view.all())
                    .setWaiting(placer.waiting())
                    .build()));
  }

  /** Tells how one member stands; empty: the pool has none of this name. */
  void member(String name, Consumer<Optional<KnownMember>> to) {
    run(
        () ->
            to.accept(
                view.all().stream()
                    .filter(each -> each.getState().getName().equals(name))
                    .findFirst()));
  }

  /** Gives a promise back that nobody will use. */
  void giveBack(MemberState member, String placement) {
    if (member.getName().equals(desk.self().name())) {
      desk.release(placement);
    } else {
      // If it is lost the promise ends by itself after a minute.
      var unused = links.release(member.getServer(), placement);
    }
  }

  /** Takes the server out of the pool; those that are in line are told so. */
  void stopping() {
    desk.close();
    run(placer::stop);
    if (registry != null) {
      registry.leave();
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
    if (registry != null) {
      registry.close();
    }
    links.close();
  }
}
