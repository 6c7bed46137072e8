// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import io.remora.server.files.PrivateFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tenant of a server that only its own machine can reach and for which nobody has named
 * tenants: programs of the same user find its token in a file.
 *
 * @param tenants the tenants file
 * @param token the file that holds the token; null if there is none, because the tenants file was
 *     written by someone else
 */
public record LocalTenant(Path tenants, @Nullable Path token) {
  /** The tenant's name. */
  public static final String NAME = "local";

  /** Finds the files in a folder, or makes both if there is no tenants file. */
  public static LocalTenant ensure(Path folder, InstantSource clock, SecureRandom random)
      throws IOException {
    Path tenants = folder.resolve("tenants.yaml");
    Path tokenFile = folder.resolve("token");
    TenantsFile.update(
        tenants,
        before -> {
          if (Files.exists(tenants)) {
            return before;
          }
          Token token = Token.generate(random);
          writeToken(tokenFile, token);
          return List.of(
              // All its programs are of one user.
              new Tenant(
                      NAME,
                      1,
                      TenantClass.NORMAL,
                      null,
                      Tenant.SESSIONS_DEFAULT,
                      Set.of(),
                      null,
                      List.of(
                          TokenEntry.of(token, clock.instant().truncatedTo(ChronoUnit.SECONDS))))
                  .withIsolation(Isolation.SHARED));
        });
    return new LocalTenant(tenants, Files.exists(tokenFile) ? tokenFile : null);
  }

  private static void writeToken(Path file, Token token) {
    try {
      PrivateFiles.write(file, token.text() + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException("can't write the token file " + file, e);
    }
  }
}
