// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.config.ConfigException;
import io.remora.server.tenant.TenantClass;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PoolFileTest {
  @TempDir private Path folder;

  private PoolFile read(String text) throws Exception {
    return PoolFile.read(Files.writeString(folder.resolve("pool.yaml"), text));
  }

  private List<String> problems(String text) {
    ConfigException refused = catchThrowableOfType(ConfigException.class, () -> read(text));
    assertThat(refused).as("refusal of %s", text).isNotNull();
    String file = folder.resolve("pool.yaml").toString();
    return refused.problems().stream().map(each -> each.replace(file, "F")).toList();
  }

  @Test
  void everyKeyIsRead() throws Exception {
    PoolFile pool =
        read(
            """
            name: rack
            policy: spread
            wait: 1m
            token_file: pool.token
            ca: ca.pem
            members:
              - name: gpu1
                server: gpu1.example:7443
                devices: [0, 2]
                sessions: 4
                labels: {model: h200, zone: b}
                tenants: [alice, bob]
                classes: [latency, normal]
              - {name: gpu2, server: "[::1]:7443"}
            tenants:
              - {name: alice, sessions: 3, wait: 10m}
            """);
    assertThat(pool.policy()).isEqualTo(Policy.SPREAD);
    assertThat(pool.tokenFile()).isEqualTo(folder.resolve("pool.token"));
    assertThat(pool.discovery()).isEqualTo("list");
    MemberTerms first = pool.terms("gpu1").orElseThrow();
    assertThat(first)
        .isEqualTo(
            new MemberTerms(
                Set.of(0, 2),
                4,
                Map.of("model", "h200", "zone", "b"),
                Set.of("alice", "bob"),
                Set.of(TenantClass.LATENCY, TenantClass.NORMAL)));
    assertThat(pool.terms("gpu2")).contains(MemberTerms.ALL);
    assertThat(pool.terms("gpu3")).isEmpty();
    assertThat(pool.waitMax("alice")).isEqualTo(Duration.ofMinutes(10));
    assertThat(pool.waitMax("bob")).isEqualTo(Duration.ofMinutes(1));
  }

  @Test
  void membersCanBeFoundByDnsOrEtcd() throws Exception {
    PoolFile dns = read("name: a\ntoken_file: t\ndns: gpus.example:7443\noffer: {sessions: 2}\n");
    assertThat(dns.discovery()).isEqualTo("dns");
    assertThat(dns.terms("anybody").orElseThrow().sessions()).isEqualTo(2);
    PoolFile etcd =
        read("name: a\ntoken_file: t\netcd: {endpoints: 'http://127.0.0.1:2379', lease: 3s}\n");
    assertThat(etcd.discovery()).isEqualTo("etcd");
    assertThat(etcd.etcd())
        .isEqualTo(
            new EtcdSettings(
                List.of(URI.create("http://127.0.0.1:2379")),
                Duration.ofSeconds(3),
                null,
                null,
                null));
  }

  @Test
  void allMistakesAreReportedWithTheirPlaces() {
    assertThat(
            problems(
                """
                name: a b
                polcy: pack
                members:
                  - name: x
                    server: nowhere
                    labels: {model: "h 200"}
                  - name: x
                    server: y:70000
                    classes: fast
                dns: z:1
                """))
        .contains(
            "F:1:7: 'name' must be " + PoolFile.NAME_FORM,
            "F:5:13: 'members.server' must be HOST:PORT, like gpu1.example:7443",
            "F:7:11: 'members.name' is given to two members",
            "F:8:13: 'members.server' must be HOST:PORT, like gpu1.example:7443",
            "F:9:14: 'members.classes' must be some of latency, normal, batch",
            "F:10:6: 'dns' can't be together with 'members': members are found in one way")
        .anyMatch(each -> each.startsWith("F:2:1: unknown key 'polcy'"))
        .anyMatch(each -> each.startsWith("F:6:13: 'members.labels' has 'model: h 200'"))
        .anyMatch(each -> each.contains("'token_file' is missing"));
    assertThat(problems("name: a\ntoken_file: t\n"))
        .singleElement()
        .asString()
        .contains("'members' is missing");
    assertThat(problems("name: a\ntoken_file: t\netcd: {lease: 1s}\n")).hasSize(2);
    assertThat(problems("name: a\ntoken_file: t\nmembers: []\n").get(0)).contains("at least one");
  }

  @Test
  void everyKeyIsDocumented() throws Exception {
    String text = Files.readString(Path.of("..", "docs", "pool.md"));
    assertThat(PoolFile.keys())
        .hasSizeGreaterThan(15)
        .allSatisfy(key -> assertThat(text).contains("| `" + key + "` |"));
  }

  @Test
  void tokensAreLongAndCompared() throws Exception {
    Path file = Files.writeString(folder.resolve("t"), "0123456789abcdef0123456789abcdef\n");
    PoolToken token = PoolToken.read(file);
    assertThat(token.matches("0123456789abcdef0123456789abcdef")).isTrue();
    assertThat(token.matches("0123456789abcdef0123456789abcdee")).isFalse();
    assertThat(token.matches(null)).isFalse();
    assertThat(token.toString()).doesNotContain("0123");
    Files.writeString(file, "short");
    assertThat(catchThrowableOfType(ConfigException.class, () -> PoolToken.read(file)))
        .hasMessageContaining("openssl rand -hex 32");
  }
}
