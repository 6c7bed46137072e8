// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.client.config.SettingKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a session asks a pool for. The server reads the values, so every client means the same. */
final class WantOptions {
  @Option(
      names = "--gpus",
      paramLabel = "N",
      description = "How many devices, of one server if one has so many; also REMORA_GPUS.")
  private @Nullable String gpus;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Free memory on each, like 8GiB; also REMORA_MEMORY.")
  private @Nullable String memory;

  @Option(
      names = "--class",
      paramLabel = "CLASS",
      description = "latency, normal or batch: a server that takes such work; also REMORA_CLASS.")
  private @Nullable String tenantClass;

  @Option(
      names = "--label",
      paramLabel = "NAME=VALUE",
      description = "A label that the server must have; can be repeated; also REMORA_LABELS.")
  private List<String> labels = new ArrayList<>();

  @Option(
      names = "--policy",
      paramLabel = "POLICY",
      description = "pack, spread or least-loaded; also REMORA_POLICY.")
  private @Nullable String policy;

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      description = "How long to wait in line, like 30s; also REMORA_WAIT.")
  private @Nullable String waitTime;

  /** Adds what was given. */
  void addTo(Map<SettingKey, String> flags) {
    ConnectionOptions.add(flags, SettingKey.GPUS, gpus);
    ConnectionOptions.add(flags, SettingKey.MEMORY, memory);
    ConnectionOptions.add(flags, SettingKey.CLASS, tenantClass);
    ConnectionOptions.add(
        flags, SettingKey.LABELS, labels.isEmpty() ? null : String.join(",", labels));
    ConnectionOptions.add(flags, SettingKey.POLICY, policy);
    ConnectionOptions.add(flags, SettingKey.WAIT, waitTime);
  }
}
