// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import io.remora.config.ConfigFile;
import io.remora.config.ConfigSection;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

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
    for (SettingKey key : SettingKey.values()) {
      top.text(key.fileKey())
          .ifPresent(text -> values.put(key, new Found<>(text, key.fileKey() + " in " + file)));
    }
    return values;
  }
}
