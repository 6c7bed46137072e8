// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.config.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TenantsFileTest {
  @TempDir private Path folder;

  private Path file() {
    return folder.resolve("sub/tenants.yaml");
  }

  private static Tenant plain(String name) {
    return new Tenant(
        name, 1, TenantClass.NORMAL, null, Tenant.SESSIONS_DEFAULT, Set.of(), null, List.of());
  }

  @Test
  void aChangeThatChangesNothingLeavesTheOperatorsText() throws Exception {
    Files.createDirectories(file().getParent());
    String text = "# ours\ntenants: [{name: a, tokens: []}]\n";
    Files.writeString(file(), text);
    assertThat(TenantsFile.update(file(), before -> List.copyOf(before))).hasSize(1);
    assertThat(file()).hasContent(text);
  }

  @Test
  void theUsualIsolationIsNotWrittenForOlderMembersOfThePoolDoNotKnowIt() {
    assertThat(TenantsFile.format(List.of(plain("a")))).doesNotContain("isolation");
    assertThat(TenantsFile.format(List.of(plain("a").withIsolation(Isolation.SHARED))))
        .contains("isolation: shared");
  }

  @Test
  void whatIsWrittenIsReadBack() {
    Instant created = Instant.parse("2026-11-01T10:11:12Z");
    Token token = Token.generate(new SecureRandom());
    Tenant full =
        new Tenant(
            "a.b-c_1",
            7,
            TenantClass.LATENCY,
            Isolation.SHARED,
            (4L << 30) + 1,
            3,
            Set.of(0, 5),
            Instant.parse("2027-01-01T00:00:00Z"),
            new TenantLimits(
                1,
                2,
                3,
                4,
                5 << 20,
                6,
                7,
                Duration.ofMillis(1500),
                Set.of("streams", "graphs-and-capturing")),
            new QueuePolicy(QueuePolicy.WhenFull.TIMEOUT, 100, 1 << 20, Duration.ofMillis(250)),
            List.of(
                TokenEntry.of(token, created).expiringAt(created.plusSeconds(1)).asRevoked(),
                new TokenEntry("0123456789012345", "0".repeat(64), null, null, false)));
    List<Tenant> tenants = List.of(full, plain("z"));
    assertThat(TenantsFile.update(file(), before -> tenants)).isEqualTo(tenants);
    assertThat(TenantsFile.read(file())).isEqualTo(tenants);
  }

  @Test
  void theFileIsForItsOwnerOnlyAndNeverHoldsAToken() throws Exception {
    Token token = TenantChanges.add(file(), plain("a"), Instant.EPOCH, new SecureRandom());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(file()).content().contains(token.id()).doesNotContain(token.text());
    try (var files = Files.list(folder.resolve("sub"))) {
      assertThat(files.map(each -> each.getFileName().toString()))
          .containsExactlyInAnyOrder("tenants.yaml", "tenants.yaml.lock");
    }
  }

  @Test
  void mistakesInLimitsAndQueuesAreRefusedWithTheirPlaces() throws Exception {
    Path broken =
        Files.writeString(
            folder.resolve("t.yaml"),
            """
            tenants:
              - name: a
                limits:
                  streams: -1
                  image: 1GiB
                  upload: 0
                  kernel_time: 99d
                  calls: [streams, magic]
                  steams: 3
                queue:
                  when_full: panic
                  calls: 0
                  timeout: 1s
            """);
    assertThatThrownBy(() -> TenantsFile.read(broken))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e ->
                assertThat(String.join("\n", e.problems()))
                    .contains(
                        "streams' must be",
                        "image' must be 256MiB at most",
                        "upload' must be more than 0",
                        "kernel_time' must be 24h at most",
                        "no group 'magic'; there are",
                        "steams",
                        "when_full' must be one of",
                        "queue.calls' must be",
                        "timeout' needs when_full: timeout"));
  }

  @Test
  void mistakesAreRefusedWithTheirPlaces() throws Exception {
    Path broken =
        Files.writeString(
            folder.resolve("t.yaml"),
            """
            tenants:
              - name: -x
                wieght: 3
              - name: a
                weight: 0
                class: fast
                memory: much
                devices: [1, x]
                expires: tomorrow
                tokens:
                  - id: 12
                    sha256: short
              - name: a
              - weight: 1
            """);
    assertThatThrownBy(() -> TenantsFile.read(broken))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e ->
                assertThat(e.problems().stream().map(each -> each.replaceAll("^.*t.yaml:", "")))
                    .containsExactly(
                        "2:11: 'tenants.name' must be " + Tenant.NAME_FORM,
                        "3:5: unknown key 'wieght' in 'tenants'; allowed: name, weight, class,"
                            + " isolation, memory, sessions, devices, expires, limits, queue, tokens; did you mean 'weight'?",
                        "5:13: 'tenants.weight' must be a whole number from 1 to 1000, not '0'",
                        "6:12: 'tenants.class' must be one of latency, normal, batch",
                        "7:13: 'tenants.memory' must be a size like 4GiB, 512MiB or 1.5GB, or a"
                            + " number of bytes, not 'much'",
                        "8:18: 'tenants.devices' must be whole numbers from 0 to 255",
                        "9:14: 'tenants.expires' must be a date like 2027-01-31 or a moment like"
                            + " 2027-01-31T12:00Z, not 'tomorrow'",
                        "11:13: 'tenants.tokens.id' must be 16 hexadecimal digits: the part of the"
                            + " token after rmr_",
                        "12:17: 'tenants.tokens.sha256' must be 64 hexadecimal digits in lower case",
                        "13:11: 'tenants.name' is given to two tenants",
                        "14:5: 'tenants.name' is missing"));
  }

  @Test
  void aBrokenFileIsNotOverwritten() throws Exception {
    Path broken = Files.writeString(folder.resolve("t.yaml"), "tenants: 3\n");
    assertThatThrownBy(
            () -> TenantChanges.add(broken, plain("a"), Instant.EPOCH, new SecureRandom()))
        .isInstanceOf(ConfigException.class);
    assertThat(broken).hasContent("tenants: 3\n");
  }

  @Test
  void wrongNamesAreRefusedWithTheRightOnes() {
    TenantChanges.add(file(), plain("a"), Instant.EPOCH, new SecureRandom());
    assertThatThrownBy(
            () -> TenantChanges.add(file(), plain("a"), Instant.EPOCH, new SecureRandom()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is a tenant 'a' already");
    assertThatThrownBy(() -> TenantChanges.revoke(file(), "b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it has: a");
  }
}
