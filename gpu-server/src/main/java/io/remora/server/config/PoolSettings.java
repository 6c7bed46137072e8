// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import io.remora.config.ConfigException;
import io.remora.config.ConfigSection;
import io.remora.server.pool.PoolFile;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which pool a server belongs to, and as whom.
 *
 * @param file the pool's file; null: the server stands alone
 * @param member its name there; null: the machine's
 * @param server HOST:PORT where clients and other members reach it; null: as the file lists it, or
 *     by the machine's name
 */
public record PoolSettings(@Nullable Path file, @Nullable String member, @Nullable String server) {

  static PoolSettings read(ConfigSection section, ServerFlags flags, Path folder) {
    String file = section.text("file").orElse(null);
    String member = section.text("member").orElse(null);
    String server = section.text("server").orElse(null);
    if (member != null && !PoolFile.isName(member)) {
      section.problem("member", "must be the name of a member");
    }
    if (server != null && !PoolFile.isAddress(server)) {
      section.problem("server", "must be HOST:PORT, like gpu1.example:7443");
    }
    if (section.isPresent() && file == null && flags.pool() == null) {
      section.problem("file", "is missing");
    }
    if (flags.member() != null && !PoolFile.isName(flags.member())) {
      throw new ConfigException(List.of("--member must be the name of a member"));
    }
    if (flags.advertise() != null && !PoolFile.isAddress(flags.advertise())) {
      throw new ConfigException(List.of("--advertise must be HOST:PORT, not " + flags.advertise()));
    }
    Path named = file == null ? null : folder.resolve(file).toAbsolutePath().normalize();
    return new PoolSettings(
        flags.pool() == null ? named : Path.of(flags.pool()).toAbsolutePath(),
        flags.member() == null ? member : flags.member(),
        flags.advertise() == null ? server : flags.advertise());
  }
}
