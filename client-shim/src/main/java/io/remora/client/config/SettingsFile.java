// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import io.remora.config.ConfigFile;
import io.remora.config.ConfigSection;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Reads a {@code remora.yaml}, or the local credentials, which have the same form. */
final class SettingsFile {
  private SettingsFile() {}

  /**
   * @throws io.remora.config.ConfigException if a key or a value is wrong; names its line
   */
  static SettingsLayer read(Path file) {
    Path absolute = file.toAbsolutePath();
    Map<SettingKey, Found<String>> values = ConfigFile.read(file, top -> values(top, file));
    Path folder = absolute.getParent();
    return new SettingsLayer(file.toString(), folder == null ? absolute : folder, values);
  }

  private static Map<SettingKey, Found<String>> values(ConfigSection top, Path file) {
    Map<SettingKey, Found<String>> values = new EnumMap<>(SettingKey.class);
    ConfigSection pool = top.section("pool");
    for (SettingKey key : SettingKey.values()) {
      Optional<String> text =
          key == SettingKey.LABELS
              ? labels(pool)
              : key.isWant() ? pool.text(key.keyInSection()) : top.text(key.fileKey());
      text.ifPresent(found -> values.put(key, new Found<>(found, key.fileKey() + " in " + file)));
    }
    List<String> members = pool.texts("members");
    if (!members.isEmpty()) {
      if (top.has("server")) {
        pool.problem("members", "and 'server' both say where to go: leave one of them out");
      }
      // A comma at the end makes a pool of a single member.
      values.put(
          SettingKey.SERVER,
          new Found<>(
              String.join(",", members) + (members.size() == 1 && isPlain(members) ? "," : ""),
              "pool.members in " + file));
    }
    return values;
  }

  private static boolean isPlain(List<String> members) {
    return !ServerList.parse(members.get(0)).isPool();
  }

  private static Optional<String> labels(ConfigSection pool) {
    Map<String, String> labels = pool.names("labels");
    return labels.isEmpty()
        ? Optional.empty()
        : Optional.of(
            labels.entrySet().stream()
                .map(each -> each.getKey() + "=" + each.getValue())
                .collect(Collectors.joining(",")));
  }
}
