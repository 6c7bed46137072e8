// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.config.ConfigSection;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a pool's etcd is reached.
 *
 * @param endpoints {@code http://HOST:PORT} or {@code https://HOST:PORT}, all alike
 * @param lease how long a member that is silent still counts as there
 * @param ca PEM file of the authorities to trust; null: the system's
 * @param certificate PEM file of the certificate to show; null: none
 * @param key PEM file of its key
 */
public record EtcdSettings(
    List<URI> endpoints,
    Duration lease,
    @Nullable Path ca,
    @Nullable Path certificate,
    @Nullable Path key) {
  private static final Duration LEASE_DEFAULT = Duration.ofSeconds(10);
  private static final Duration LEASE_MIN = Duration.ofSeconds(2);
  private static final Duration LEASE_MAX = Duration.ofMinutes(5);

  public EtcdSettings {
    endpoints = List.copyOf(endpoints);
  }

  /** Whether connections are encrypted. */
  public boolean encrypted() {
    return "https".equals(endpoints.get(0).getScheme());
  }

  static EtcdSettings read(ConfigSection section, Path folder) {
    List<URI> endpoints = new ArrayList<>();
    for (String text : section.texts("endpoints")) {
      URI endpoint = endpoint(text);
      if (endpoint == null) {
        section.problem("endpoints", "must be like http://127.0.0.1:2379, not " + text);
      } else {
        endpoints.add(endpoint);
      }
    }
    if (section.isPresent() && !section.has("endpoints")) {
      section.problem("endpoints", "is missing");
    }
    if (endpoints.stream().map(URI::getScheme).distinct().count() > 1) {
      section.problem("endpoints", "must be all http or all https");
    }
    Duration lease = section.duration("lease", LEASE_DEFAULT);
    if (lease.compareTo(LEASE_MIN) < 0 || lease.compareTo(LEASE_MAX) > 0) {
      section.problem("lease", "must be from 2s to 5m");
    }
    Path certificate = path(section, "certificate", folder);
    Path key = path(section, "key", folder);
    if ((certificate == null) != (key == null)) {
      section.problem(certificate == null ? "key" : "certificate", "needs the other of the two");
    }
    return new EtcdSettings(endpoints, lease, path(section, "ca", folder), certificate, key);
  }

  private static @Nullable URI endpoint(String text) {
    try {
      URI uri = URI.create(text);
      boolean scheme = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      return scheme && uri.getHost() != null && uri.getPort() > 0 ? uri : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static @Nullable Path path(ConfigSection section, String key, Path folder) {
    return section
        .text(key)
        .map(text -> folder.resolve(text).toAbsolutePath().normalize())
        .orElse(null);
  }
}
