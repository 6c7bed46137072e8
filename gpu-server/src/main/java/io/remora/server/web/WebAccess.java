// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import io.remora.server.config.ListenAddress;
import io.remora.server.tenant.Identification;
import io.remora.server.tenant.Refused;
import io.remora.server.tenant.TenantRegistry;
import io.remora.server.watch.Viewer;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may see what over HTTP. An open page shows everything to whoever can reach it, which is its
 * own machine; otherwise a tenant's token is asked for, and shows what that tenant may see.
 *
 * @param open whether no token is asked for
 * @param operators names of the tenants that may see everything
 * @param listen where the page is
 */
public record WebAccess(
    boolean open, TenantRegistry tenants, Set<String> operators, ListenAddress listen) {
  private static final String BEARER = "bearer ";
  private static final Set<String> OWN_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

  public WebAccess {
    operators = Set.copyOf(operators);
  }

  /** What is answered to a question: who asked, or why there is no answer. */
  record Decision(@Nullable Viewer viewer, String refusal) {}

  /**
   * Decides by the request's {@code Authorization}.
   *
   * @param authorization null if there is none
   */
  Decision decide(@Nullable String authorization) {
    if (open) {
      return new Decision(Viewer.OPEN, "");
    }
    boolean bearer =
        authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length());
    Identification caller =
        tenants.identify(
            authorization != null && bearer ? authorization.substring(BEARER.length()) : null);
    if (caller instanceof Identification.Known known) {
      return new Decision(Viewer.of(known.tenant(), operators), "");
    }
    return new Decision(null, ((Refused) caller).message());
  }

  /**
   * Whether a request means this server. On loopback others' pages could reach it through the
   * visitor's browser under a name of theirs; what such a browser says in {@code Host} tells.
   *
   * @param host null if there is none
   */
  boolean means(@Nullable String host) {
    if (!listen.isLoopback()) {
      return true;
    }
    String name = Optional.ofNullable(host).orElse("").toLowerCase(Locale.ROOT);
    int colon = name.lastIndexOf(':');
    String bare = colon > name.lastIndexOf(']') ? name.substring(0, colon) : name;
    return OWN_NAMES.contains(bare) || bare.equals(listen.host().toLowerCase(Locale.ROOT));
  }
}
