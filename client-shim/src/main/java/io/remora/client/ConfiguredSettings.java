// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.config.ClientSettings;
import io.remora.client.config.Found;
import io.remora.client.config.ResumeMode;
import io.remora.client.config.TlsMode;
import org.jspecify.annotations.Nullable;

/** Turns what was found in flags, environment and files into settings of a connection. */
public final class ConfiguredSettings {
  private ConfiguredSettings() {}

  /**
   * The settings of a connection.
   *
   * @throws IllegalArgumentException if the server can't be read as HOST:PORT
   */
  public static ConnectionSettings of(ClientSettings found) {
    ConnectionSettings settings =
        ConnectionSettings.parse(found.server().value())
            .withToken(value(found.token()))
            .withCaFile(value(found.ca()))
            .withPlaintext(found.tls().value() == TlsMode.OFF)
            .withResume(found.resume().value() == ResumeMode.ON);
    Found<java.nio.file.Path> certificate = found.clientCertificate();
    Found<java.nio.file.Path> key = found.clientKey();
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
