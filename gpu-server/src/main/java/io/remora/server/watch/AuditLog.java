// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.json.Json;
import io.remora.server.metrics.DeviceReading;
import io.remora.server.metrics.Replacements;
import io.remora.server.metrics.Traffic;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who came, what they used, who was refused, and what operators did: one JSON object a line, to the
 * logger {@value #LOGGER}. Any thread may call.
 */
public final class AuditLog implements Replacements.Listener {
  /** Where the lines go; the configuration decides whether that is a file. */
  public static final String LOGGER = "io.remora.audit";

  private static final Logger log = LoggerFactory.getLogger(LOGGER);

  private final InstantSource clock;

  /**
   * @param clock dates the lines
   */
  public AuditLog(InstantSource clock) {
    this.clock = clock;
  }

  void opened(LiveSession session) {
    Map<String, Object> line = line("session_opened");
    who(line, session);
    write(line);
  }

  void closed(LiveSession session, String reason, double seconds) {
    Map<String, Object> line = line("session_closed");
    who(line, session);
    line.put("reason", reason);
    line.put("seconds", seconds);
    Traffic traffic = session.meter().traffic();
    line.put("calls", traffic.calls());
    line.put("waits", traffic.waits());
    line.put("bytes_up", traffic.bytesUp());
    line.put("bytes_down", traffic.bytesDown());
    line.put("failures", traffic.failures());
    line.put("faults", traffic.faults());
    List<Object> devices = new ArrayList<>();
    for (DeviceReading reading : session.meter().devices()) {
      Map<String, Object> device = new LinkedHashMap<>();
      device.put("device", reading.ordinal());
      device.put("works", reading.works());
      device.put("run_seconds", reading.runNanos() / 1e9);
      device.put("queue_seconds", reading.queueNanos() / 1e9);
      devices.add(device);
    }
    line.put("devices", devices);
    write(line);
  }

  void refused(String peer, String tenant, String reason, String message) {
    Map<String, Object> line = line("session_refused");
    line.put("peer", peer);
    if (!tenant.isEmpty()) {
      line.put("tenant", tenant);
    }
    line.put("reason", reason);
    line.put("message", message);
    write(line);
  }

  /** An operator, or a tenant for its own sessions, has ended a session. */
  public void ended(String by, LiveSession session, String reason) {
    Map<String, Object> line = line("session_ended_by_request");
    line.put("by", by);
    who(line, session);
    line.put("reason", reason);
    write(line);
  }

  /** An operator has drained a device, or undone that. */
  public void drained(String by, int device, boolean undone) {
    Map<String, Object> line = line(undone ? "device_drain_undone" : "device_drained");
    line.put("by", by);
    line.put("device", device);
    write(line);
  }

  /** An operator has drained the server, or undone that. */
  public void drainedServer(String by, boolean undone) {
    Map<String, Object> line = line(undone ? "server_drain_undone" : "server_drained");
    line.put("by", by);
    write(line);
  }

  /** Somebody has recorded what a tenant's sessions do. */
  public void traced(String by, String tenant, long millis) {
    Map<String, Object> line = line("tenant_traced");
    line.put("by", by);
    line.put("tenant", tenant);
    line.put("millis", millis);
    write(line);
  }

  /** A session was moved from one device to another. */
  public void moved(String by, LiveSession session, int from, int to, long bytes) {
    Map<String, Object> line = line("session_moved");
    line.put("by", by);
    who(line, session);
    line.put("from", from);
    line.put("to", to);
    line.put("bytes", bytes);
    write(line);
  }

  /** A session was moved to another member of the pool. */
  public void movedTo(String by, LiveSession session, String member, long bytes) {
    Map<String, Object> line = line("session_moved");
    line.put("by", by);
    who(line, session);
    line.put("member", member);
    line.put("bytes", bytes);
    write(line);
  }

  @Override
  public void replaced(int device, String cause) {
    Map<String, Object> line = line("device_replaced");
    line.put("device", device);
    line.put("cause", cause);
    write(line);
  }

  @Override
  public void kept(int device, String session, String tenant) {
    Map<String, Object> line = line("session_kept");
    line.put("session", session);
    line.put("tenant", tenant);
    line.put("device", device);
    write(line);
  }

  @Override
  public void lost(int device, String session, String tenant, String why) {
    Map<String, Object> line = line("session_lost");
    line.put("session", session);
    line.put("tenant", tenant);
    line.put("device", device);
    line.put("reason", why);
    write(line);
  }

  private Map<String, Object> line(String event) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
    line.put("event", event);
    return line;
  }

  private static void who(Map<String, Object> line, LiveSession session) {
    line.put("session", session.id());
    line.put("tenant", session.tenant());
    line.put("peer", session.peer());
    line.put("program", session.program());
    line.put("process", session.processId());
    line.put("client", session.client());
  }

  private static void write(Map<String, Object> line) {
    if (log.isInfoEnabled()) {
      log.info(Json.line(line));
    }
  }
}
