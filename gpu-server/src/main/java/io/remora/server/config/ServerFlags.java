// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import org.jspecify.annotations.Nullable;

/**
 * What the command line says; each part wins over the same key of the file. Null: not given.
 *
 * @param listen {@code --listen}
 * @param device {@code --device}
 * @param tls {@code --tls}
 * @param tenants {@code --tenants}
 * @param stateDirectory {@code --state-dir}
 * @param certificate {@code --cert}
 * @param key {@code --key}
 * @param web {@code --web}
 * @param resumeGrace {@code --resume-grace}
 * @param pool {@code --pool}
 * @param member {@code --member}
 * @param advertise {@code --advertise}
 */
public record ServerFlags(
    @Nullable String listen,
    @Nullable DeviceChoice device,
    @Nullable TlsMode tls,
    @Nullable String tenants,
    @Nullable String stateDirectory,
    @Nullable String certificate,
    @Nullable String key,
    @Nullable String web,
    @Nullable String resumeGrace,
    @Nullable String pool,
    @Nullable String member,
    @Nullable String advertise) {
  /** Flags of a server that stands alone. */
  public ServerFlags(
      @Nullable String listen,
      @Nullable DeviceChoice device,
      @Nullable TlsMode tls,
      @Nullable String tenants,
      @Nullable String stateDirectory,
      @Nullable String certificate,
      @Nullable String key,
      @Nullable String web,
      @Nullable String resumeGrace) {
    this(
        listen,
        device,
        tls,
        tenants,
        stateDirectory,
        certificate,
        key,
        web,
        resumeGrace,
        null,
        null,
        null);
  }

  /** No flag at all. */
  public static final ServerFlags NONE =
      new ServerFlags(null, null, null, null, null, null, null, null, null);
}
