// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.files.FileStamp;
import io.remora.server.tenant.Admission.Admitted;
import io.remora.server.tenant.Refused.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TenantRegistryTest {
  private static final long ALL_MEMORY = 16L << 30;

  private final SecureRandom random = new SecureRandom();
  private final FakeClock clock = new FakeClock();
  private final List<String> ends = new ArrayList<>();
  private final Token token = Token.generate(random);

  @TempDir private Path folder;

  private Tenant tenant(String name, TokenEntry... tokens) {
    return new Tenant(name, 3, TenantClass.BATCH, 4L << 30, 2, Set.of(1), null, List.of(tokens));
  }

  private TokenEntry entry() {
    return TokenEntry.of(token, clock.instant());
  }

  private TenantRegistry registry(Tenant... tenants) {
    return new TenantRegistry(List.of(tenants), ALL_MEMORY, clock);
  }

  private TenantGrant admitted(TenantRegistry registry) {
    Admission admission = registry.admit(token.text(), ends::add);
    assertThat(admission).isInstanceOf(Admitted.class);
    return ((Admitted) admission).grant();
  }

  private Refused refused(TenantRegistry registry, Token by) {
    Admission admission = registry.admit(by.text(), ends::add);
    assertThat(admission).isInstanceOf(Refused.class);
    return (Refused) admission;
  }

  @Test
  void aGrantSaysWhatTheFileSays() {
    TenantGrant grant = admitted(registry(tenant("a", entry())));
    assertThat(grant.tenant()).isEqualTo("a");
    assertThat(grant.weight()).isEqualTo(3);
    assertThat(grant.tenantClass()).isEqualTo(TenantClass.BATCH);
    assertThat(grant.memoryQuotaBytes()).isEqualTo(4L << 30);
    assertThat(grant.allowedDevices()).containsExactly(1);
  }

  @Test
  void aTenantWithoutAQuotaMayUseWhatThereIs() {
    Tenant free = new Tenant("a", 1, TenantClass.NORMAL, null, 1, Set.of(), null, List.of(entry()));
    assertThat(admitted(registry(free)).memoryQuotaBytes()).isEqualTo(ALL_MEMORY);
  }

  @Test
  void sessionsOfATenantShareItsMemoryAlsoAfterAReload() {
    TenantRegistry registry = registry(tenant("a", entry()));
    TenantGrant first = admitted(registry);
    assertThat(first.memory().reserve(3L << 30)).isTrue();
    registry.replace(List.of(tenant("a", entry())));
    TenantGrant second = admitted(registry);
    assertThat(second.memory()).isSameAs(first.memory());
    assertThat(second.memory().reserve(2L << 30)).isFalse();
  }

  @Test
  void wrongSecretAndUnknownIdLookTheSame() {
    Token other = Token.generate(random);
    TokenEntry stolenId = new TokenEntry(token.id(), other.sha256(), null, null, false);
    Refused wrong = refused(registry(tenant("a", stolenId)), token);
    Refused unknown = refused(registry(tenant("a", entry())), other);
    assertThat(wrong).isEqualTo(unknown);
    assertThat(wrong.reason()).isEqualTo(Reason.WRONG_TOKEN);
    assertThat(wrong.tenant()).isEmpty();
  }

  @Test
  void expiryAndRevocationAreToldToWhoeverHasTheRightToken() {
    TokenEntry expiring = entry().expiringAt(Instant.parse("2026-12-01T00:00:00Z"));
    TenantRegistry registry = registry(tenant("a", expiring));
    admitted(registry).close();
    clock.set("2026-12-01T00:00:00Z");
    assertThat(refused(registry, token).reason()).isEqualTo(Reason.EXPIRED);
    registry.replace(List.of(tenant("a", entry().asRevoked())));
    assertThat(refused(registry, token).reason()).isEqualTo(Reason.REVOKED);
  }

  @Test
  void theSessionLimitCountsOpenGrants() {
    TenantRegistry registry = registry(tenant("a", entry()));
    TenantGrant first = admitted(registry);
    admitted(registry);
    assertThat(refused(registry, token).reason()).isEqualTo(Reason.SESSION_LIMIT);
    first.close();
    first.close();
    admitted(registry);
    assertThat(refused(registry, token).reason()).isEqualTo(Reason.SESSION_LIMIT);
    assertThat(registry.sessions()).isEqualTo(2);
  }

  @Test
  void removalRevocationAndExpiryEndSessionsOnce() {
    TenantRegistry registry = registry(tenant("a", entry()));
    admitted(registry);
    registry.replace(List.of());
    registry.replace(List.of());
    assertThat(ends).hasSize(1);
    assertThat(ends.get(0)).contains("'a' was removed");

    registry.replace(List.of(tenant("a", entry())));
    admitted(registry);
    registry.replace(List.of(tenant("a", entry().asRevoked())));
    assertThat(ends).hasSize(2);
    assertThat(ends.get(1)).contains("revoked");
  }

  @Test
  void aTenantsExpiryEndsItsSessions() {
    Instant expires = Instant.parse("2026-12-01T00:00:00Z");
    Tenant expiring =
        new Tenant("a", 1, TenantClass.NORMAL, null, 5, Set.of(), expires, List.of(entry()));
    TenantRegistry registry = registry(expiring);
    admitted(registry);
    clock.set("2026-11-30T23:59:59Z");
    registry.expire();
    assertThat(ends).isEmpty();
    clock.set("2026-12-01T00:00:00Z");
    registry.expire();
    assertThat(ends).singleElement().asString().contains("expired at 2026-12-01");
    assertThat(refused(registry, token).reason()).isEqualTo(Reason.EXPIRED);
  }

  @Test
  void aRotatedTokensSessionsOutliveItsGrace() {
    Path file = folder.resolve("tenants.yaml");
    Token old = TenantChanges.add(file, tenant("a"), clock.instant(), random);
    TenantRegistry registry = registry(TenantsFile.read(file).toArray(Tenant[]::new));
    assertThat(registry.admit(old.text(), ends::add)).isInstanceOf(Admitted.class);
    Token fresh = TenantChanges.rotate(file, "a", Duration.ofHours(1), clock.instant(), random);
    registry.replace(TenantsFile.read(file));
    assertThat(registry.identify(old.text())).isInstanceOf(Identification.Known.class);
    assertThat(registry.identify(fresh.text())).isInstanceOf(Identification.Known.class);
    clock.set("2026-11-01T01:00:00Z");
    registry.expire();
    assertThat(ends).isEmpty();
    assertThat(refused(registry, old).reason()).isEqualTo(Reason.EXPIRED);
    assertThat(registry.admit(fresh.text(), ends::add)).isInstanceOf(Admitted.class);
  }

  @Test
  void atMostTwoTokensAreLive() {
    Path file = folder.resolve("tenants.yaml");
    TenantChanges.add(file, tenant("a"), clock.instant(), random);
    for (int i = 0; i < 20; i++) {
      TenantChanges.rotate(file, "a", Duration.ofHours(1), clock.instant(), random);
      List<TokenEntry> tokens = TenantsFile.read(file).get(0).tokens();
      assertThat(tokens.stream().filter(each -> each.isLive(clock.instant()))).hasSize(2);
      assertThat(tokens).hasSizeLessThan(12);
    }
    assertThat(TenantChanges.revoke(file, "a")).isPositive();
    assertThat(TenantsFile.read(file).get(0).tokens()).allMatch(TokenEntry::revoked);
  }

  @Test
  void aChangedFileIsNoticedAndABrokenOneLeavesTheOldInForce() throws Exception {
    Path file = folder.resolve("tenants.yaml");
    Token first = TenantChanges.add(file, tenant("a"), clock.instant(), random);
    TenantRegistry registry = registry(TenantsFile.read(file).toArray(Tenant[]::new));
    TenantsWatch watch = new TenantsWatch(file, registry, FileStamp.of(file));
    Token second = TenantChanges.add(file, tenant("b"), clock.instant(), random);
    assertThat(registry.identify(second.text())).isInstanceOf(Refused.class);
    watch.poll();
    assertThat(registry.identify(second.text())).isInstanceOf(Identification.Known.class);

    Files.writeString(file, "tenants:\n  - name: a\n    wieght: 3\n");
    watch.poll();
    Files.delete(file);
    watch.poll();
    assertThat(registry.identify(first.text())).isInstanceOf(Identification.Known.class);

    TenantChanges.add(file, tenant("c"), clock.instant(), random);
    watch.poll();
    assertThat(registry.identify(first.text())).isInstanceOf(Refused.class);
  }

  @Test
  void changedWeightsAreToldToListeners() {
    TenantRegistry registry = registry(tenant("a", entry()));
    List<String> changed = new ArrayList<>();
    registry.onChange(each -> changed.add(each.name() + each.weight()));
    registry.replace(List.of(tenant("a", entry()), tenant("b")));
    assertThat(changed).containsExactly("a3", "b3");
  }
}
