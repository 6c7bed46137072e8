// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.doctor.Check;
import io.remora.cli.doctor.Finding;
import io.remora.client.ConfiguredSettings;
import io.remora.client.ConnectionSettings;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.Found;
import io.remora.client.config.SettingKey;
import io.remora.client.config.Surroundings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which settings are in force, and where each comes from. */
final class SettingsCheck implements Check {
  private final Map<SettingKey, String> flags;
  private final Surroundings around;
  private @Nullable ClientSettings found;

  SettingsCheck(Map<SettingKey, String> flags, Surroundings around) {
    this.flags = flags;
    this.around = around;
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    try {
      ClientSettings settings = ClientSettings.of(flags, around);
      String server =
          ConfiguredSettings.ofAll(settings).stream()
              .map(ConnectionSettings::server)
              .collect(Collectors.joining(", "));
      found = settings;
      findings.add(Finding.good("Server", server + origin(settings.server())));
      findings.add(token(settings.token()));
    } catch (IllegalArgumentException e) {
      String remedy = "Mend that; for a server of your own on this machine start `remora server`.";
      findings.add(Finding.bad("Settings", String.valueOf(e.getMessage()), remedy));
    }
    return findings;
  }

  private static Finding token(@Nullable Found<String> token) {
    return token == null
        ? Finding.warning(
            "Token",
            "none is configured",
            "Get one from the server's operator, and set REMORA_TOKEN_FILE or REMORA_TOKEN.")
        : Finding.good("Token", "configured" + origin(token));
  }

  private static String origin(Found<?> found) {
    return ", from " + found.origin();
  }

  /** The settings, if they are complete. */
  Optional<ClientSettings> found() {
    return Optional.ofNullable(found);
  }
}
