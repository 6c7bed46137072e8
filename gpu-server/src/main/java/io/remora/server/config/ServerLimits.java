// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import io.remora.config.ConfigSection;
import java.time.Duration;

/**
 * Bounds on what clients together can take from a server.
 *
 * @param connections how many connections may be open; each costs its receive window
 * @param sessions how many sessions may be open, whoever's
 * @param handshakeTime within which a connection must be encrypted and a stream must say Hello
 * @param keepAliveTime after which a silent client is asked whether it is there
 * @param keepAliveTimeout within which it must answer
 */
public record ServerLimits(
    int connections,
    int sessions,
    Duration handshakeTime,
    Duration keepAliveTime,
    Duration keepAliveTimeout) {
  /** Fitting for one machine with a few GPUs; a dead client is found within 10 seconds. */
  public static final ServerLimits DEFAULT =
      new ServerLimits(
          1024, 512, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofSeconds(4));

  private static final Duration TIME_MIN = Duration.ofMillis(100);
  private static final Duration TIME_MAX = Duration.ofHours(1);

  static ServerLimits read(ConfigSection section) {
    return new ServerLimits(
        section.integer("connections", 1, 100_000, DEFAULT.connections),
        section.integer("sessions", 1, 100_000, DEFAULT.sessions),
        time(section, "handshake_time", DEFAULT.handshakeTime),
        time(section, "keep_alive_time", DEFAULT.keepAliveTime),
        time(section, "keep_alive_timeout", DEFAULT.keepAliveTimeout));
  }

  private static Duration time(ConfigSection section, String key, Duration fallback) {
    Duration time = section.duration(key, fallback);
    if (time.compareTo(TIME_MIN) < 0 || time.compareTo(TIME_MAX) > 0) {
      section.problem(key, "must be from 100ms to 1h");
    }
    return time;
  }
}
