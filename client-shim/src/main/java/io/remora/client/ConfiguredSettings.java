// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.config.ClientSettings;
import io.remora.client.config.Found;
import io.remora.client.config.ResumeMode;
import io.remora.client.config.ServerList;
import io.remora.client.config.TlsMode;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns what was found in flags, environment and files into settings of a connection. */
public final class ConfiguredSettings {
  private ConfiguredSettings() {}

  /**
   * The settings of a connection to the one server.
   *
   * @throws IllegalArgumentException if the server can't be read as HOST:PORT, or there are several
   */
  public static ConnectionSettings of(ClientSettings found) {
    List<ConnectionSettings> all = ofAll(found);
    if (all.size() > 1) {
      throw new IllegalArgumentException(
          found.server().origin()
              + " names several servers: name the one that is meant by --server");
    }
    return all.get(0);
  }

  /**
   * The settings of connections to all servers that are named.
   *
   * @throws IllegalArgumentException if a server can't be read as HOST:PORT
   */
  public static List<ConnectionSettings> ofAll(ClientSettings found) {
    List<ConnectionSettings> all =
        ServerList.parse(found.server().value()).servers().stream()
            .map(server -> of(found, server))
            .toList();
    List<String> named = all.stream().map(ConnectionSettings::server).toList();
    return all.stream().map(each -> each.withElsewhere(named)).toList();
  }

  private static ConnectionSettings of(ClientSettings found, String server) {
    ConnectionSettings settings =
        ConnectionSettings.parse(server)
            .withToken(value(found.token()))
            .withCaFile(value(found.ca()))
            .withPlaintext(found.tls().value() == TlsMode.OFF)
            .withResume(found.resume().value() == ResumeMode.ON);
    Found<Path> certificate = found.clientCertificate();
    Found<Path> key = found.clientKey();
    if ((certificate == null) != (key == null)) {
      throw new IllegalArgumentException("a client certificate and its key belong together");
    }
    return certificate == null || key == null
        ? settings
        : settings.withClientCertificate(certificate.value(), key.value());
  }

  private static <T> @Nullable T value(@Nullable Found<T> found) {
    return found == null ? null : found.value();
  }
}
