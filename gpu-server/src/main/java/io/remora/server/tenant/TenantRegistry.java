// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import io.remora.server.tenant.Admission.Admitted;
import io.remora.server.tenant.Identification.Known;
import io.remora.server.tenant.Refused.Reason;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The tenants that are in force now, and their sessions. Any thread may call it; one lock guards
 * all state and is never held while a callback runs. Bounded by the tenants' session limits.
 *
 * <p>A session ends when its tenant is removed or expires, or when the token that opened it is
 * revoked or removed. A token that merely expires, as the old one does after a rotation, opens no
 * new sessions, but those that it has opened go on.
 */
public final class TenantRegistry {
  private static final String ASK =
      "; the server's operator makes one with `remora tenant rotate NAME`";

  private final long defaultMemoryBytes;
  private final InstantSource clock;
  private final List<Consumer<Tenant>> changeListeners = new CopyOnWriteArrayList<>();
  private Map<String, Tenant> tenants = Map.of();
  private Map<String, Tenant> byTokenId = Map.of();
  private final Map<String, TenantAccount> accounts = new HashMap<>();
  private final Set<LiveSession> sessions = new LinkedHashSet<>();

  private static final class LiveSession {
    final String tenant;
    final SessionEnd end;

    /** Empty until the client of a session of another server has shown one. */
    String tokenId;

    /** True once {@link #end} was or is about to be told; guarded by the registry's lock. */
    boolean ended;

    LiveSession(String tenant, String tokenId, SessionEnd end) {
      this.tenant = tenant;
      this.tokenId = tokenId;
      this.end = end;
    }
  }

  private record Ended(LiveSession session, String reason) {}

  /**
   * @param tenants who is in force at first
   * @param defaultMemoryBytes the memory quota of a tenant for which none is given
   * @param clock tells what has expired
   */
  public TenantRegistry(List<Tenant> tenants, long defaultMemoryBytes, InstantSource clock) {
    this.defaultMemoryBytes = defaultMemoryBytes;
    this.clock = clock;
    replace(tenants);
  }

  /** Registers who is told of each tenant whose settings may have changed, with no lock held. */
  public void onChange(Consumer<Tenant> listener) {
    changeListeners.add(listener);
  }

  /** The tenant of a name, whether it has expired or not. */
  public Optional<Tenant> find(String name) {
    return tenants().stream().filter(each -> each.name().equals(name)).findFirst();
  }

  /** The tenants that are in force. */
  public synchronized List<Tenant> tenants() {
    return List.copyOf(tenants.values());
  }

  /** How many sessions are open. */
  public synchronized int sessions() {
    return sessions.size();
  }

  /** A tenant's memory account; an empty one if there is no such tenant any more. */
  public synchronized MemoryLedger memory(String tenant) {
    return account(tenant).memory();
  }

  /** A tenant's account; an empty one if there is no such tenant any more. */
  public synchronized TenantAccount account(String tenant) {
    TenantAccount account = accounts.get(tenant);
    return account == null ? new TenantAccount(new MemoryLedger(0)) : account;
  }

  /**
   * Finds out whose token this is.
   *
   * @param tokenText what the client sent, or null for nothing
   */
  public Identification identify(@Nullable String tokenText) {
    if (tokenText == null || tokenText.isBlank()) {
      return new Refused(
          Reason.NO_TOKEN,
          "",
          "no token was sent: set REMORA_TOKEN or REMORA_TOKEN_FILE, or token_file in remora.yaml"
              + ASK);
    }
    Optional<Token> token = Token.parse(tokenText.strip());
    return token.isEmpty()
        ? new Refused(
            Reason.DAMAGED_TOKEN,
            "",
            "what was sent is not a complete token (rmr_...): copy it again, whole")
        : identify(token.get());
  }

  private synchronized Identification identify(Token token) {
    Tenant tenant = byTokenId.get(token.id());
    TokenEntry entry = tenant == null ? null : entry(tenant, token.id());
    if (tenant == null || entry == null || !entry.matches(token)) {
      return new Refused(
          Reason.WRONG_TOKEN,
          "",
          "the token is not valid on this server: check that it is meant for this server" + ASK);
    }
    String name = tenant.name();
    Instant now = clock.instant();
    if (entry.revoked()) {
      return new Refused(Reason.REVOKED, name, "the token was revoked: use a new one" + ASK);
    }
    if (entry.hasExpired(now)) {
      return new Refused(
          Reason.EXPIRED,
          name,
          "the token expired at " + entry.expires() + ": use a new one" + ASK);
    }
    if (tenant.hasExpired(now)) {
      return new Refused(Reason.EXPIRED, name, tenantExpired(tenant));
    }
    return new Known(tenant, token.id());
  }

  /**
   * Decides about a new session and takes one of its tenant's session slots.
   *
   * @param tokenText what the client sent, or null for nothing
   * @param end told if the session must end while its grant isn't closed
   */
  public synchronized Admission admit(@Nullable String tokenText, SessionEnd end) {
    Identification client = identify(tokenText);
    if (client instanceof Refused refused) {
      return refused;
    }
    Known known = (Known) client;
    return admit(known.tenant(), new LiveSession(known.tenant().name(), known.tokenId(), end));
  }

  /**
   * A session of another server that was let in.
   *
   * @param admission what it may use here, or why it may not come
   * @param tokenShown to be told the id of the token that its client shows, on which it depends
   *     from then on; until then it depends on its tenant only
   */
  public record Moved(Admission admission, Consumer<String> tokenShown) {}

  /** Decides about a session of another server, and takes one of its tenant's slots. */
  public synchronized Moved admitMoved(String name, SessionEnd end) {
    Tenant tenant = tenants.get(name);
    if (tenant == null || tenant.hasExpired(clock.instant())) {
      Refused refused =
          new Refused(Reason.EXPIRED, name, "the server doesn't know tenant '" + name + "'");
      return new Moved(refused, token -> {});
    }
    LiveSession session = new LiveSession(name, "", end);
    return new Moved(admit(tenant, session), token -> shown(session, token));
  }

  private synchronized void shown(LiveSession session, String tokenId) {
    session.tokenId = tokenId;
  }

  private Admission admit(Tenant tenant, LiveSession session) {
    long open = sessions.stream().filter(each -> each.tenant.equals(tenant.name())).count();
    if (open >= tenant.sessionsMax()) {
      return new Refused(Reason.SESSION_LIMIT, tenant.name(), atSessionLimit(tenant, open));
    }
    sessions.add(session);
    TenantAccount account = account(tenant);
    return new Admitted(
        new TenantGrant(
            tenant.name(),
            tenant.weight(),
            tenant.tenantClass(),
            tenant.isolation(),
            account.memory().quotaBytes(),
            tenant.devices(),
            account,
            () -> close(session)));
  }

  private static String atSessionLimit(Tenant tenant, long open) {
    return "tenant '"
        + tenant.name()
        + "' has "
        + open
        + " sessions and may have no more: end one, or ask the server's operator for a higher"
        + " 'sessions' limit";
  }

  private synchronized void close(LiveSession session) {
    sessions.remove(session);
    forgetAccount(session.tenant);
  }

  /** Puts other tenants in force, and ends the sessions of those that are so no longer. */
  public void replace(List<Tenant> changed) {
    List<Ended> ended;
    synchronized (this) {
      Map<String, Tenant> byName = new HashMap<>();
      Map<String, Tenant> byId = new HashMap<>();
      for (Tenant tenant : changed) {
        byName.put(tenant.name(), tenant);
        tenant.tokens().forEach(token -> byId.put(token.id(), tenant));
      }
      tenants = Map.copyOf(byName);
      byTokenId = Map.copyOf(byId);
      tenants.values().forEach(this::account);
      List.copyOf(accounts.keySet()).forEach(this::forgetAccount);
      ended = takeEnded();
    }
    changed.forEach(tenant -> changeListeners.forEach(listener -> listener.accept(tenant)));
    tell(ended);
  }

  /** Ends the sessions of tenants that have expired; to be called every second or so. */
  public void expire() {
    List<Ended> ended;
    synchronized (this) {
      ended = takeEnded();
    }
    tell(ended);
  }

  /** Sessions to end now; they keep their slots until they have freed everything. */
  private List<Ended> takeEnded() {
    Instant now = clock.instant();
    List<Ended> found = new ArrayList<>();
    for (LiveSession session : sessions) {
      Optional<String> reason = session.ended ? Optional.empty() : whyEnded(session, now);
      if (reason.isPresent()) {
        session.ended = true;
        found.add(new Ended(session, reason.get()));
      }
    }
    return found;
  }

  private Optional<String> whyEnded(LiveSession session, Instant now) {
    Tenant tenant = tenants.get(session.tenant);
    if (tenant == null) {
      return Optional.of("tenant '" + session.tenant + "' was removed from this server");
    }
    if (tenant.hasExpired(now)) {
      return Optional.of(tenantExpired(tenant));
    }
    TokenEntry entry = entry(tenant, session.tokenId);
    boolean shown = !session.tokenId.isEmpty();
    if (shown && (entry == null || entry.revoked())) {
      return Optional.of("the token of this session was revoked: use a new one" + ASK);
    }
    return Optional.empty();
  }

  private static void tell(List<Ended> ended) {
    ended.forEach(each -> each.session().end.end(each.reason()));
  }

  private static String tenantExpired(Tenant tenant) {
    return "tenant '"
        + tenant.name()
        + "' expired at "
        + tenant.expires()
        + ": ask the server's operator to move its 'expires'";
  }

  private static @Nullable TokenEntry entry(Tenant tenant, String id) {
    return tenant.tokens().stream().filter(each -> each.id().equals(id)).findFirst().orElse(null);
  }

  private TenantAccount account(Tenant tenant) {
    Long quota = tenant.memoryBytes();
    long bytes = quota == null ? defaultMemoryBytes : quota;
    TenantAccount account =
        accounts.computeIfAbsent(tenant.name(), name -> new TenantAccount(new MemoryLedger(bytes)));
    if (account.memory().quotaBytes() != bytes) {
      account.memory().changeQuota(bytes);
    }
    account.change(tenant.limits(), tenant.queue());
    return account;
  }

  /** A removed tenant's account stays as long as a session holds anything on it. */
  private void forgetAccount(String tenant) {
    TenantAccount account = accounts.get(tenant);
    if (account != null && !tenants.containsKey(tenant) && account.isEmpty()) {
      accounts.remove(tenant);
    }
  }
}
