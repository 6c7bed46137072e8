// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.remora.server.config.ListenAddress;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.ServerLimits;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Driver;
import io.remora.server.files.FileStamp;
import io.remora.server.session.SessionFactory;
import io.remora.server.tenant.TenantRegistry;
import io.remora.server.tenant.TenantsFile;
import io.remora.server.tenant.TenantsWatch;
import io.remora.server.tls.ServerTls;
import io.remora.server.watch.AuditLog;
import io.remora.server.web.WebServer;
import io.remora.v1.DriverGrpc;
import io.remora.wire.DriverMethods;
import io.remora.wire.WireLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running server: it accepts sessions from {@link #start} on and until {@link #stop}. Its threads
 * are the event loops, which run all sessions, and one housekeeping thread for timers and watched
 * files.
 */
public final class RemoraServer {
  private static final Logger log = LoggerFactory.getLogger(RemoraServer.class);

  /** The receive window of a connection, which bounds what a client makes the server hold. */
  private static final int WINDOW_BYTES = 4 << 20;

  /** Downloads are 1.3 times as fast as with the default of 64 KiB. */
  private static final WriteBufferWaterMark WRITE_MARK = new WriteBufferWaterMark(1 << 20, 2 << 20);

  // A read grows to a whole chunk during a bulk upload: fewer system calls and fewer buffers.
  private static final int READ_BYTES_MIN = 1 << 10;
  private static final int READ_BYTES_FIRST = 64 << 10;

  /**
   * Above the largest frame, because gRPC resets a stream without a word for a message above this;
   * a frame that is too large but below it is refused with a reason.
   */
  private static final int MESSAGE_BYTES_MAX = 4 << 20;

  /** A connection without streams is closed after this time. */
  private static final Duration IDLE_TIME = Duration.ofMinutes(5);

  private static final int METADATA_BYTES_MAX = 8 << 10;
  private static final int STREAMS_PER_CONNECTION_MAX = 64;
  private static final int POLL_MILLIS = 500;
  private static final int LOOK_MILLIS = 1000;
  private static final Duration CLOSING_TIME = Duration.ofSeconds(5);
  private static final Duration TRANSPORT_CLOSING_TIME = Duration.ofSeconds(2);

  private final ServerConfig config;
  private final Credentials credentials;

  /** Null where the sessions were given. */
  private final @Nullable DeviceRooms rooms;

  private final TenantRegistry tenants;
  private final EventLoops loops;
  private final ScheduledExecutorService housekeeping;
  private final OpenStreams streams = new OpenStreams();
  private final ServerHealth health;
  private final SessionGate gate;
  private final LongSupplier nanoClock = new ServerClock();
  private final MovedSessions moved = new MovedSessions(nanoClock);

  /** What tells of the server to those who ask. */
  private final Overview overview;

  private final Server server;
  private final @Nullable WebServer web;

  /** Null where the sessions were given, as the next. */
  private final @Nullable PoolOffice pool;

  private final @Nullable MemberMoves moves;

  private final @Nullable DeviceDoctor doctor;

  private RemoraServer(
      ServerConfig config,
      Credentials credentials,
      List<DeviceDescription> devices,
      SessionFactory sessions,
      @Nullable DeviceRooms rooms,
      InstantSource clock)
      throws IOException, GeneralSecurityException {
    this.config = config;
    this.credentials = credentials;
    this.rooms = rooms;
    Optional<FileStamp> stamp = FileStamp.of(credentials.tenants());
    tenants =
        new TenantRegistry(
            TenantsFile.read(credentials.tenants()),
            devices.stream().mapToLong(DeviceDescription::totalMemoryBytes).sum(),
            clock);
    if (rooms != null) {
      tenants.onChange(rooms::tenantChanged);
    }
    health = new ServerHealth(devices);
    ServerTls tls = tls();
    housekeeping = Executors.newSingleThreadScheduledExecutor(RemoraServer::housekeeper);
    loops = EventLoops.start(config.limits());
    overview =
        Overview.of(config.operators(), tenants, rooms, devices.size(), streams, clock, version());
    gate =
        new SessionGate(
            tenants, sessions, config.limits(), housekeeping, streams, moved, overview.reception());
    pool = rooms == null ? null : office();
    moves = pool == null ? null : new MemberMoves(pool, tenants, moved);
    TenantsWatch watch = new TenantsWatch(credentials.tenants(), tenants, stamp);
    Server listening = null;
    try {
      listening = listen(tls);
      web = overview.serve(config.web(), tls);
    } catch (IOException | RuntimeException e) {
      if (listening != null) {
        listening.shutdownNow();
      }
      housekeeping.shutdownNow();
      if (pool != null) {
        pool.close();
      }
      loops.stop();
      throw e;
    }
    server = listening;
    doctor = rooms == null ? null : doctor(rooms);
    if (pool != null) {
      pool.start(config.listen().withPort(server.getPort()));
    }
    var unused =
        housekeeping.scheduleAtFixedRate(
            guarded(overview::look), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    poll(watch::poll);
    if (tls != null) {
      poll(tls::poll);
    }
  }

  /**
   * Opens the driver that the operator chose.
   *
   * @throws IllegalArgumentException if this build doesn't have it
   */
  public static Driver openDriver(ServerConfig config) {
    return Drivers.open(config.device(), config.software());
  }

  /**
   * Starts a server with everything that belongs to it.
   *
   * @param driver stays the caller's, who closes it after {@link #stop}
   * @throws IOException if it can't listen there, or its files can't be read
   * @throws GeneralSecurityException if its certificate can't be used
   */
  public static RemoraServer start(ServerConfig config, Driver driver)
      throws IOException, GeneralSecurityException {
    InstantSource clock = Clock.systemUTC();
    DeviceRooms rooms =
        new DeviceRooms(
            driver,
            config.software().spillBytes(),
            config.resumeGrace(),
            new AuditLog(clock),
            new ServerClock(),
            version());
    try {
      return start(config, driver.devices(), rooms.sessions(), rooms, clock);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      rooms.close();
      throw e;
    }
  }

  /**
   * Starts a server.
   *
   * @param devices what it serves, for its health service and default quotas
   * @param sessions opens a session for each client that is let in
   * @param rooms closed when the server has stopped; null if the sessions are somebody else's
   */
  static RemoraServer start(
      ServerConfig config,
      List<DeviceDescription> devices,
      SessionFactory sessions,
      @Nullable DeviceRooms rooms,
      InstantSource clock)
      throws IOException, GeneralSecurityException {
    Credentials credentials = Credentials.prepare(config, clock);
    RemoraServer server = new RemoraServer(config, credentials, devices, sessions, rooms, clock);
    credentials.announce(config, server.address().toString());
    log.info(
        "Listening on {} with {}",
        server.address(),
        credentials.certificate() == null ? "no encryption" : "TLS by " + ServerTls.provider());
    return server;
  }

  private static String version() {
    String version = RemoraServer.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  /** Where it listens, with the port that was chosen. */
  public ListenAddress address() {
    return config.listen().withPort(server.getPort());
  }

  /** The port it listens on. */
  public int port() {
    return server.getPort();
  }

  /** The certificate that clients must trust, if the server has made its own. */
  public Optional<Path> ca() {
    return Optional.ofNullable(credentials.ca());
  }

  /** The tenants file. */
  public Path tenantsFile() {
    return credentials.tenants();
  }

  /** The file with the token of the tenant that the server has made itself, if it has. */
  public Optional<Path> tokenFile() {
    return Optional.ofNullable(credentials.token());
  }

  /** Where its page is, if it has one. */
  public Optional<String> page() {
    return Optional.ofNullable(web).map(WebServer::address);
  }

  /** Who may use it. */
  public TenantRegistry tenants() {
    return tenants;
  }

  /** Its health service. */
  ServerHealth health() {
    return health;
  }

  /** Stops with the configured time for running sessions. */
  public void stop() {
    stop(config.drainTime());
  }

  /**
   * Stops: nobody is let in any more, health says so, running sessions move to other members of the
   * pool, or may go on for a time and are ended then. Returns when everything is closed.
   */
  public void stop(Duration drainTime) {
    long until = nanoClock.getAsLong() + drainTime.toNanos();
    health.stopping();
    moveSessions(drainTime);
    gate.close();
    if (pool != null) {
      pool.stopping();
    }
    server.shutdown();
    // Nobody can come back to a server that accepts no connections.
    streams.snapshot().forEach(SessionStream::stopWaiting);
    try {
      int running = streams.snapshot().size();
      if (running > 0) {
        log.info("Stopping: {} sessions may go on for {} s", running, drainTime.toSeconds());
      }
      long left = Math.max(0, until - nanoClock.getAsLong());
      if (!streams.awaitEmpty(Duration.ofNanos(left))) {
        streams.snapshot().forEach(stream -> stream.end(SessionStream.STOPPING));
        if (!streams.awaitEmpty(CLOSING_TIME)) {
          log.error("{} sessions did not free what they hold", streams.snapshot().size());
        }
      }
      server.awaitTermination(TRANSPORT_CLOSING_TIME.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      server.shutdownNow();
      if (web != null) {
        web.close();
      }
      housekeeping.shutdownNow();
      if (pool != null) {
        pool.close();
      }
      if (doctor != null) {
        doctor.close();
      }
      loops.stop();
      if (rooms != null) {
        rooms.close();
      }
    }
    log.info("Stopped");
  }

  /** Gives each session to another member, if one takes it within the time. */
  private void moveSessions(Duration within) {
    if (moves == null || !moves.canMove() || streams.snapshot().isEmpty()) {
      return;
    }
    overview.reception().modes().drainServer(true);
    AtomicBoolean wanted = new AtomicBoolean(!within.isZero());
    Emptying emptying =
        new Emptying(
            moves, streams, overview.audit(), housekeeping, wanted::get, "the stopping server");
    emptying.begin();
    try {
      emptying.awaitFirstRound(within.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    wanted.set(false);
  }

  private DeviceDoctor doctor(DeviceRooms of) {
    DeviceDoctor made =
        new DeviceDoctor(
            SelfTest.copying(of.driver()),
            overview.watched()::state,
            overview.reception().modes(),
            health,
            new ServerClock(),
            DeviceDoctor.threads());
    var unused =
        housekeeping.scheduleAtFixedRate(
            guarded(made::look), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    return made;
  }

  private PoolOffice office() throws IOException {
    PoolOffice office =
        PoolOffice.of(
            config,
            credentials,
            loops,
            new PoolDesk.Surroundings(tenants, overview.reception(), streams, overview.watched()),
            version());
    gate.belongsTo(office.desk());
    return office;
  }

  private @Nullable ServerTls tls() throws IOException, GeneralSecurityException {
    Path certificate = credentials.certificate();
    Path key = credentials.key();
    return certificate == null || key == null
        ? null
        : new ServerTls(certificate, key, config.clientCa());
  }

  private Server listen(@Nullable ServerTls tls) throws IOException {
    ServerLimits limits = config.limits();
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(config.listen().resolve())
            .channelFactory(loops.sockets())
            .bossEventLoopGroup(loops.acceptor())
            .workerEventLoopGroup(loops.workers())
            .directExecutor()
            .withChildOption(ChannelOption.TCP_NODELAY, true)
            .withChildOption(ChannelOption.ALLOCATOR, loops.buffers())
            .withChildOption(
                ChannelOption.RCVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(
                    READ_BYTES_MIN, READ_BYTES_FIRST, WireLimits.CHUNK_BYTES_MAX))
            .withChildOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITE_MARK)
            .flowControlWindow(WINDOW_BYTES)
            .maxInboundMessageSize(MESSAGE_BYTES_MAX)
            .maxInboundMetadataSize(METADATA_BYTES_MAX)
            .maxConcurrentCallsPerConnection(STREAMS_PER_CONNECTION_MAX)
            // Nobody sends compressed frames, and refusing them rules out decompression bombs.
            .decompressorRegistry(DecompressorRegistry.emptyInstance())
            .handshakeTimeout(limits.handshakeTime().toMillis(), TimeUnit.MILLISECONDS)
            // Clients that are gone are found by PeerWatch.
            .keepAliveTime(Long.MAX_VALUE, TimeUnit.NANOSECONDS)
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .maxConnectionIdle(IDLE_TIME.toSeconds(), TimeUnit.SECONDS)
            .addTransportFilter(new ConnectionLimit(limits.connections()))
            .addService(driverService())
            .addService(health.service());
    if (tls != null) {
      builder.sslContext(tls.context());
    }
    if (rooms != null) {
      builder.addService(overview.admin(tenants, rooms, health, housekeeping, moves));
    }
    if (pool != null) {
      builder.addService(pool.service(new AdminService.TokenCheck(tenants)));
    }
    if (pool != null && rooms != null) {
      builder.addService(members(pool, rooms));
    }
    if (config.reflection()) {
      builder.addService(ProtoReflectionServiceV1.newInstance());
    }
    return builder.build().start();
  }

  private ServerServiceDefinition members(PoolOffice office, DeviceRooms of) {
    of.sessions().setMembers(new PoolReads(office));
    return MembersService.definition(
        new Taking.Place(of.sessions(), tenants, streams, overview.reception(), moved, office),
        of.sessions().workers(),
        PoolService.memberCheck(office, new AdminService.TokenCheck(tenants)));
  }

  /** The generated service's description with this server's own marshallers and handler. */
  private ServerServiceDefinition driverService() {
    ServiceDescriptor description =
        ServiceDescriptor.newBuilder(DriverMethods.SERVICE)
            .setSchemaDescriptor(DriverGrpc.getServiceDescriptor().getSchemaDescriptor())
            .addMethod(DriverMethods.openForServer())
            .build();
    return ServerServiceDefinition.builder(description)
        .addMethod(DriverMethods.openForServer(), gate)
        .build();
  }

  private void poll(Runnable task) {
    var unused =
        housekeeping.scheduleWithFixedDelay(
            guarded(task), POLL_MILLIS, POLL_MILLIS, TimeUnit.MILLISECONDS);
  }

  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        // An exception would end the schedule for good.
        log.error("A watch failed and will be tried again", e);
      }
    };
  }

  private static Thread housekeeper(Runnable work) {
    Thread thread = new Thread(work, "remora-housekeeping");
    thread.setDaemon(true);
    return thread;
  }
}
