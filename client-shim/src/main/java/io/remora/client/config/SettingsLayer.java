// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one place: the flags, the environment or one file.
 *
 * @param name the place, for people
 * @param base where relative paths begin
 * @param values what it sets
 */
record SettingsLayer(String name, Path base, Map<SettingKey, Found<String>> values) {
  static SettingsLayer ofFlags(Map<SettingKey, String> flags, Surroundings around) {
    Map<SettingKey, Found<String>> values = new EnumMap<>(SettingKey.class);
    flags.forEach((key, value) -> values.put(key, new Found<>(value, key.flag())));
    return new SettingsLayer("flags", around.workingDirectory(), values);
  }

  static SettingsLayer ofEnvironment(Surroundings around) {
    Map<SettingKey, Found<String>> values = new EnumMap<>(SettingKey.class);
    for (SettingKey key : SettingKey.values()) {
      String value = around.variable(key.variable());
      if (value != null) {
        values.put(key, new Found<>(value.strip(), key.variable()));
      }
    }
    return new SettingsLayer("environment", around.workingDirectory(), values);
  }

  @Nullable Found<String> get(SettingKey key) {
    return values.get(key);
  }

  boolean has(SettingKey key) {
    return values.containsKey(key);
  }

  @Nullable Found<Path> path(SettingKey key, Path home) {
    Found<String> text = values.get(key);
    if (text == null) {
      return null;
    }
    Path path =
        text.value().startsWith("~/")
            ? home.resolve(text.value().substring(2))
            : base.resolve(text.value());
    return new Found<>(path.normalize(), text.origin());
  }
}
