// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.config.ConfigException;
import io.remora.server.files.FileStamp;
import io.remora.server.pool.PoolFile;
import io.remora.server.pool.PoolToken;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pool's file and its token as they are in force. {@link #poll} is called often by one thread;
 * a file that is broken leaves in force what was, and is reported once. A replaced token counts
 * beside the one before it, so that members can get the new one at different times.
 */
final class PoolWatch {
  private static final Logger log = LoggerFactory.getLogger(PoolWatch.class);

  private final @Nullable Path file;
  private List<Optional<FileStamp>> seen;
  private volatile PoolFile pool;

  /** The newest first. */
  private volatile List<PoolToken> tokens;

  private PoolWatch(@Nullable Path file, PoolFile pool, List<PoolToken> tokens) {
    this.file = file;
    this.pool = pool;
    this.tokens = tokens;
    seen = stamps();
  }

  /** For a server that stands alone: nothing is read. */
  static PoolWatch alone() {
    return new PoolWatch(null, PoolFile.alone(), List.of());
  }

  /**
   * Reads a file and the token that it names.
   *
   * @throws ConfigException with every mistake
   */
  static PoolWatch of(Path file) {
    PoolFile pool = PoolFile.read(file);
    return new PoolWatch(file, pool, read(pool));
  }

  private static List<PoolToken> read(PoolFile pool) {
    Path path = pool.tokenFile();
    return path == null ? List.of() : List.of(PoolToken.read(path));
  }

  PoolFile pool() {
    return pool;
  }

  /** What this member shows to others. */
  @Nullable PoolToken token() {
    List<PoolToken> now = tokens;
    return now.isEmpty() ? null : now.get(0);
  }

  /** What others may show. */
  List<PoolToken> tokens() {
    return tokens;
  }

  /** Reads what has changed. */
  void poll() {
    if (file == null) {
      return;
    }
    List<Optional<FileStamp>> now = stamps();
    if (now.equals(seen)) {
      return;
    }
    try {
      PoolFile changed = PoolFile.read(file);
      List<PoolToken> read = read(changed);
      requireSame("name", pool.name(), changed.name());
      requireSame("the way in which members are found", pool.discovery(), changed.discovery());
      requireSame("etcd", String.valueOf(pool.etcd()), String.valueOf(changed.etcd()));
      pool = changed;
      replace(read);
      log.info("Read the pool's file {} again", file);
    } catch (ConfigException e) {
      log.error(
          "The pool's file was refused, what was read before stays in force: {}",
          String.join("; ", e.problems()));
    }
    seen = stamps();
  }

  private void replace(List<PoolToken> read) {
    List<PoolToken> both = new ArrayList<>(read);
    tokens.stream()
        .filter(old -> read.stream().noneMatch(each -> each.matches(old.text())))
        .limit(1)
        .forEach(both::add);
    tokens = List.copyOf(both);
  }

  private void requireSame(String what, String before, String after) {
    if (!before.equals(after)) {
      throw new ConfigException(
          List.of(
              file
                  + ": "
                  + what
                  + " can't change from '"
                  + before
                  + "' to '"
                  + after
                  + "' while the server runs: restart it"));
    }
  }

  private List<Optional<FileStamp>> stamps() {
    if (file == null) {
      return List.of();
    }
    Path token = pool.tokenFile();
    return List.of(FileStamp.of(file), token == null ? Optional.empty() : FileStamp.of(token));
  }
}
