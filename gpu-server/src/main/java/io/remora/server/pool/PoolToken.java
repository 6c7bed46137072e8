// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.config.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The secret by which members of a pool know each other. */
public final class PoolToken {
  private static final int CHARS_MIN = 32;
  private static final int BYTES_MAX = 4096;

  private final String text;
  private final byte[] digest;

  private PoolToken(String text) {
    this.text = text;
    digest = digest(text);
  }

  /**
   * Reads a token.
   *
   * @throws ConfigException if the file can't be read or doesn't hold one
   */
  public static PoolToken read(Path file) {
    try {
      String text = Files.size(file) > BYTES_MAX ? "" : Files.readString(file).strip();
      boolean printable = text.chars().allMatch(each -> each > ' ' && each < 0x7f);
      if (text.length() < CHARS_MIN || !printable) {
        throw new ConfigException(
            List.of(
                file
                    + ": must hold one secret of at least "
                    + CHARS_MIN
                    + " letters and digits: make one with `openssl rand -hex 32`"));
      }
      return new PoolToken(text);
    } catch (IOException e) {
      throw new ConfigException(List.of(file + ": the pool's token can't be read: " + e));
    }
  }

  /** For the wire. */
  public String text() {
    return text;
  }

  /** Whether that is the token; takes the same time wherever it differs. */
  public boolean matches(@Nullable String given) {
    return given != null && MessageDigest.isEqual(digest, digest(given));
  }

  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "PoolToken";
  }
}
