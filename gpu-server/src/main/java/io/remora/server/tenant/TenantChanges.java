// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The changes to a tenants file that people ask for by command. Wrong names are {@link
 * IllegalArgumentException}s whose message says which names there are.
 */
public final class TenantChanges {
  /** Dead tokens are kept so that their users are told why; not for ever. */
  private static final int DEAD_TOKENS_MAX = 8;

  private TenantChanges() {}

  /**
   * Adds a tenant with a first token.
   *
   * @param tenant its settings; its tokens are ignored
   */
  public static Token add(Path file, Tenant tenant, Instant now, SecureRandom random) {
    Token token = Token.generate(random);
    TenantsFile.update(
        file,
        before -> {
          if (before.stream().anyMatch(each -> each.name().equals(tenant.name()))) {
            throw new IllegalArgumentException(
                "there is a tenant '"
                    + tenant.name()
                    + "' already in "
                    + file
                    + ": choose another name, or `remora tenant rotate "
                    + tenant.name()
                    + "` for a new token");
          }
          Tenant added = tenant.withTokens(List.of(TokenEntry.of(token, now)));
          return Stream.concat(before.stream(), Stream.of(added)).toList();
        });
    return token;
  }

  /** Changes what a tenant may use; its name and tokens are not touched by it. */
  public static void set(Path file, String name, UnaryOperator<Tenant> settings) {
    change(file, name, settings);
  }

  /**
   * Gives a tenant a new token. The newest of its live ones opens sessions for the grace time, the
   * others no more: at most two are live.
   */
  public static Token rotate(
      Path file, String name, Duration grace, Instant now, SecureRandom random) {
    Token token = Token.generate(random);
    change(
        file,
        name,
        tenant -> {
          List<TokenEntry> old = new ArrayList<>(tenant.tokens());
          boolean newest = true;
          for (int i = old.size() - 1; i >= 0; i--) {
            if (old.get(i).isLive(now)) {
              old.set(i, old.get(i).expiringAt(newest ? now.plus(grace) : now));
              newest = false;
            }
          }
          List<TokenEntry> kept = new ArrayList<>(withoutLongDead(old, now));
          kept.add(TokenEntry.of(token, now));
          return tenant.withTokens(kept);
        });
    return token;
  }

  /**
   * Revokes all tokens of a tenant.
   *
   * @return how many were not revoked before
   */
  public static int revoke(Path file, String name) {
    int[] revoked = {0};
    change(
        file,
        name,
        tenant -> {
          revoked[0] = (int) tenant.tokens().stream().filter(each -> !each.revoked()).count();
          return tenant.withTokens(tenant.tokens().stream().map(TokenEntry::asRevoked).toList());
        });
    return revoked[0];
  }

  private static List<TokenEntry> withoutLongDead(List<TokenEntry> tokens, Instant now) {
    long surplus = tokens.stream().filter(each -> !each.isLive(now)).count() - DEAD_TOKENS_MAX;
    List<TokenEntry> kept = new ArrayList<>();
    for (TokenEntry token : tokens) {
      if (!token.isLive(now) && surplus > 0) {
        surplus--;
      } else {
        kept.add(token);
      }
    }
    return kept;
  }

  private static void change(Path file, String name, UnaryOperator<Tenant> change) {
    TenantsFile.update(
        file,
        before -> {
          if (before.stream().noneMatch(each -> each.name().equals(name))) {
            String names = before.stream().map(Tenant::name).collect(Collectors.joining(", "));
            throw new IllegalArgumentException(
                "there is no tenant '"
                    + name
                    + "' in "
                    + file
                    + (names.isEmpty() ? ", which names nobody" : "; it has: " + names));
          }
          return before.stream()
              .map(each -> each.name().equals(name) ? change.apply(each) : each)
              .toList();
        });
  }
}
