// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.ServerServiceDefinition;
import io.netty.handler.ssl.SslContext;
import io.remora.server.config.ListenAddress;
import io.remora.server.config.WebSettings;
import io.remora.server.tenant.TenantRegistry;
import io.remora.server.tls.ServerTls;
import io.remora.server.watch.AuditLog;
import io.remora.server.watch.DeviceModes;
import io.remora.server.watch.SessionRoll;
import io.remora.server.watch.Watch;
import io.remora.server.web.WebAccess;
import io.remora.server.web.WebServer;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What tells of a server to those who ask, and what they may do to it.
 *
 * @param operators names of the tenants that may see and change everything
 * @param watch null where the sessions are somebody else's, of whose devices nothing is known
 */
record Overview(
    Set<String> operators,
    TenantRegistry tenants,
    AuditLog audit,
    Reception reception,
    OpenStreams streams,
    @Nullable Watch watch) {
  private static final Logger log = LoggerFactory.getLogger(Overview.class);

  static Overview of(
      Set<String> operators,
      TenantRegistry tenants,
      @Nullable DeviceRooms rooms,
      int devices,
      OpenStreams streams,
      InstantSource clock,
      String version) {
    LongSupplier nanoClock = new ServerClock();
    AuditLog audit = new AuditLog(clock);
    SessionRoll roll = new SessionRoll(audit, nanoClock);
    DeviceModes modes = new DeviceModes(devices);
    Watch watch = null;
    if (rooms != null) {
      watch = new Watch(rooms, tenants, roll, modes, nanoClock, clock, version);
      rooms.sessions().setUse(new WatchedUse(watch));
    }
    Reception reception = new Reception(roll, modes, nanoClock, clock);
    return new Overview(operators, tenants, audit, reception, streams, watch);
  }

  /** Looks at all counters; to be called every second. */
  void look() {
    if (watch != null) {
      watch.look();
    }
  }

  /** The admin service, behind a check of the caller's token. */
  ServerServiceDefinition admin(
      TenantRegistry registry,
      DeviceRooms rooms,
      ServerHealth health,
      ScheduledExecutorService timer,
      @Nullable MemberMoves members) {
    AdminActions actions = new AdminActions(this, health, timer, members);
    return AdminService.definition(
        registry, operators, rooms, watched(), actions, new SessionMoves(this, actions, members));
  }

  /** The watch of a server that has devices. */
  Watch watched() {
    if (watch == null) {
      throw new IllegalStateException("a server without devices has nothing to watch");
    }
    return watch;
  }

  /**
   * Serves the page and the metrics.
   *
   * @return null if nobody wants it, or nobody asked for it and the address is taken
   */
  @Nullable WebServer serve(WebSettings settings, @Nullable ServerTls tls) throws IOException {
    ListenAddress listen = settings.listen();
    if (watch == null || listen == null) {
      return null;
    }
    // On loopback plain HTTP does: browsers would warn of a certificate of the server's own making.
    SslContext encryption = tls == null || listen.isLoopback() ? null : tls.webContext();
    WebAccess access = new WebAccess(settings.open(), tenants, operators, listen);
    try {
      return WebServer.start(listen, encryption, access, watch);
    } catch (IOException e) {
      if (settings.named()) {
        throw e;
      }
      log.warn(
          "The page and /metrics are not served, because {} can't be had ({}): set 'web.listen'"
              + " (--web) to another address, or to off",
          listen,
          e.getMessage());
      return null;
    }
  }
}
