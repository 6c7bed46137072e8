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
    @Nullable String resumeGrace) {
  /** No flag at all. */
  public static final ServerFlags NONE =
      new ServerFlags(null, null, null, null, null, null, null, null, null);
}
