// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One search through all places. */
final class SettingsSearch {
  private static final long TOKEN_FILE_BYTES_MAX = 4096;

  private final Surroundings around;
  private final List<SettingsLayer> layers = new ArrayList<>();
  private final List<Path> read = new ArrayList<>();
  private boolean onlyLocal;

  SettingsSearch(Map<SettingKey, String> flags, Surroundings around) {
    this.around = around;
    layers.add(SettingsLayer.ofFlags(flags, around));
    layers.add(SettingsLayer.ofEnvironment(around));
    addFile(around.fileOfDirectory());
    addFile(around.fileOfUser());
    addLocalCredentials();
  }

  private void addFile(Path file) {
    if (Files.exists(file) && !read.contains(file)) {
      layers.add(SettingsFile.read(file));
      read.add(file);
    }
  }

  /** They belong to one server and say nothing about another. */
  private void addLocalCredentials() {
    Path file = around.localCredentials();
    if (!Files.isReadable(file)) {
      return;
    }
    SettingsLayer local = SettingsFile.read(file);
    Found<String> localServer = local.get(SettingKey.SERVER);
    Found<String> configured = text(SettingKey.SERVER);
    if (localServer != null
        && (configured == null || configured.value().equals(localServer.value()))) {
      layers.add(local);
      read.add(file);
      onlyLocal = configured == null;
    }
  }

  Optional<ClientSettings> settings() {
    Found<String> server = text(SettingKey.SERVER);
    if (server == null) {
      return Optional.empty();
    }
    Found<String> tls = text(SettingKey.TLS);
    Found<String> resume = text(SettingKey.RESUME);
    Token token = token();
    return Optional.of(
        new ClientSettings(
            server,
            token.text(),
            token.file(),
            path(SettingKey.CA),
            path(SettingKey.CLIENT_CERTIFICATE),
            path(SettingKey.CLIENT_KEY),
            tls == null ? new Found<>(TlsMode.ON, "default") : TlsMode.parse(tls),
            resume == null ? new Found<>(ResumeMode.ON, "default") : ResumeMode.parse(resume),
            path(SettingKey.RUNTIME_KEY),
            onlyLocal,
            List.copyOf(read)));
  }

  private @Nullable Found<String> text(SettingKey key) {
    for (SettingsLayer layer : layers) {
      Found<String> found = layer.get(key);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private @Nullable Found<Path> path(SettingKey key) {
    for (SettingsLayer layer : layers) {
      Found<Path> found = layer.path(key, around.home());
      if (found != null) {
        requireReadable(found);
        return found;
      }
    }
    return null;
  }

  /** A token and the file that it is from; both null if there is none. */
  private record Token(@Nullable Found<String> text, @Nullable Found<Path> file) {}

  private Token token() {
    for (SettingsLayer layer : layers) {
      Found<String> token = layer.get(SettingKey.TOKEN);
      Found<Path> file = layer.path(SettingKey.TOKEN_FILE, around.home());
      if (token != null && file != null) {
        throw new IllegalArgumentException(
            token.origin() + " and " + file.origin() + " both give a token: leave one of them out");
      }
      if (token != null) {
        return new Token(token, null);
      }
      if (file != null) {
        String origin = file.origin() + " (" + file.value() + ")";
        return new Token(new Found<>(readToken(file), origin), file);
      }
    }
    return new Token(null, null);
  }

  private static String readToken(Found<Path> file) {
    requireReadable(file);
    String text;
    try {
      if (Files.size(file.value()) > TOKEN_FILE_BYTES_MAX) {
        throw new IllegalArgumentException(
            file.origin() + ": " + file.value() + " is too large to hold one token");
      }
      text = Files.readString(file.value()).strip();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          file.origin() + ": " + file.value() + " can't be read: " + e, e);
    }
    if (text.isEmpty() || text.lines().count() > 1) {
      throw new IllegalArgumentException(
          file.origin() + ": " + file.value() + " must hold one token and nothing else");
    }
    return text;
  }

  private static void requireReadable(Found<Path> file) {
    if (!Files.exists(file.value())) {
      throw new IllegalArgumentException(file.origin() + ": there is no file " + file.value());
    }
    if (!Files.isRegularFile(file.value()) || !Files.isReadable(file.value())) {
      throw new IllegalArgumentException(
          file.origin() + ": " + file.value() + " is not a file that you may read");
    }
  }
}
