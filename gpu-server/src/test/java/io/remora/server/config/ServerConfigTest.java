// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.config.ConfigException;
import io.remora.config.ConfigFile;
import io.remora.server.tenant.TenantsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerConfigTest {
  @TempDir private Path folder;

  private Path file(String text) throws Exception {
    return Files.writeString(folder.resolve("server.yaml"), text);
  }

  private ServerConfig read(String text) throws Exception {
    return ServerConfig.read(file(text), ServerFlags.NONE, folder);
  }

  private List<String> problems(String text) throws Exception {
    Path file = file(text);
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class, () -> ServerConfig.read(file, ServerFlags.NONE, folder));
    assertThat(refused).as("refusal of %s", text).isNotNull();
    return refused.problems().stream().map(each -> each.replace(file.toString(), "F")).toList();
  }

  @Test
  void withoutAFileAServerIsOnLoopbackWithTls() {
    ServerConfig config = ServerConfig.read(null, ServerFlags.NONE, folder);
    assertThat(config.listen()).isEqualTo(new ListenAddress("127.0.0.1", 7443));
    assertThat(config.listen().isLoopback()).isTrue();
    assertThat(config.tls()).isEqualTo(TlsMode.ON);
    assertThat(config.makesCertificate()).isTrue();
    assertThat(config.makesTenants()).isTrue();
    assertThat(config.reflection()).isTrue();
    assertThat(config.stateDirectory()).isEqualTo(folder);
  }

  @Test
  void pathsAreRelativeToTheFileAndFlagsWin() throws Exception {
    Files.createFile(folder.resolve("t.yaml"));
    Path file = file("listen: localhost:1\ntenants: t.yaml\ndevice: cuda\nstate_dir: s\n");
    ServerFlags flags =
        new ServerFlags(
            "[::1]:2", DeviceChoice.SOFTWARE, TlsMode.OFF, null, null, null, null, null, null);
    ServerConfig config = ServerConfig.read(file, flags, folder.resolve("unused"));
    assertThat(config.listen().toString()).isEqualTo("[::1]:2");
    assertThat(config.device()).isEqualTo(DeviceChoice.SOFTWARE);
    assertThat(config.tls()).isEqualTo(TlsMode.OFF);
    assertThat(config.tenants()).isEqualTo(folder.resolve("t.yaml"));
    assertThat(config.stateDirectory()).isEqualTo(folder.resolve("s"));
  }

  @Test
  void everyKeyIsRead() throws Exception {
    ServerConfig config =
        read(
            """
            reflection: false
            drain_time: 1m
            log_format: json
            limits: {connections: 5, sessions: 6, handshake_time: 1s, keep_alive_time: 2s,
              keep_alive_timeout: 3s}
            software: {devices: 2, memory: 1GiB, threads: 3}
            """);
    assertThat(config.reflection()).isFalse();
    assertThat(config.drainTime()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.log()).isEqualTo(LogFormat.JSON);
    assertThat(config.limits())
        .isEqualTo(
            new ServerLimits(
                5, 6, Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(3)));
    assertThat(config.software()).isEqualTo(new SoftwareSettings(2, 1L << 30, 3, 0));
  }

  @Test
  void allMistakesAreReportedAtOnce() throws Exception {
    assertThat(problems("lsiten: x\nlisten: 1:2:3\nlimits:\n  handshake_time: 1ms\ntls: maybe\n"))
        .containsExactly(
            "F:1:1: unknown key 'lsiten'; allowed: listen, device, state_dir, tls, tenants,"
                + " certificate, key, client_ca, reflection, limits, drain_time, software,"
                + " log_format, audit_log, operators, session, web; did you mean 'listen'?",
            "F:2:9: 'listen' must be " + ListenAddress.FORMS,
            "F:4:19: 'limits.handshake_time' must be from 100ms to 1h",
            "F:5:6: 'tls' must be one of on, off");
    assertThat(problems("software: {memory: 100}\n").get(0)).contains("multiple of 64KiB");
    assertThat(problems("drain_time: 2d\n").get(0)).contains("at most 24h");
  }

  @Test
  void aServerBeyondLoopbackNeedsACertificateAndTenants() throws Exception {
    List<String> refusals = problems("listen: 0.0.0.0:7443\n");
    assertThat(refusals).hasSize(2);
    assertThat(refusals.get(0)).contains("can be reached from other machines", "--cert", "--key");
    assertThat(refusals.get(1)).contains("remora tenant add NAME --tenants FILE");
    for (String name : List.of("c.pem", "k.pem", "t.yaml")) {
      Files.createFile(folder.resolve(name));
    }
    String complete = "listen: '[::]:1'\ncertificate: c.pem\nkey: k.pem\ntenants: t.yaml\n";
    assertThat(read(complete).reflection()).isFalse();
    assertThat(problems(complete + "tls: off\n")).singleElement().asString().contains("plaintext");
  }

  @Test
  void plaintextOnLoopbackIsAllowed() throws Exception {
    assertThat(read("tls: off\n").makesCertificate()).isFalse();
    Files.createFile(folder.resolve("ca.pem"));
    assertThat(problems("tls: off\nclient_ca: ca.pem\n").get(0)).contains("needs TLS");
  }

  @Test
  void namedFilesMustExist() throws Exception {
    assertThat(problems("tenants: absent.yaml\n").get(0))
        .contains("doesn't exist", "remora tenant add NAME --tenants");
    assertThat(problems("certificate: c.pem\n"))
        .anyMatch(each -> each.contains("belong together"))
        .anyMatch(each -> each.contains("c.pem doesn't exist"));
  }

  @Test
  void listenAddressesAreReadAndWritten() {
    for (String text : List.of("127.0.0.1:7443", "[::1]:1", "host.example:0")) {
      assertThat(ListenAddress.parse(text).orElseThrow().toString()).isEqualTo(text);
    }
    assertThat(ListenAddress.parse("host")).contains(new ListenAddress("host", 7443));
    for (String text : List.of("", ":1", "::1:1", "h:x", "h:65536", "a b:1", "[::1", "http://h")) {
      assertThat(ListenAddress.parse(text)).as(text).isEmpty();
    }
    assertThat(new ListenAddress("0.0.0.0", 1).isLoopback()).isFalse();
    assertThat(new ListenAddress("::1", 1).isLoopback()).isTrue();
    assertThat(new ListenAddress("no-such-host.invalid", 1).isLoopback()).isFalse();
  }

  @Test
  void theStateDirectoryFollowsTheEnvironment() {
    Path home = Path.of("/home/x");
    assertThat(StateDirectory.ofUser(Map.of(), home))
        .isEqualTo(Path.of("/home/x/.local/state/remora"));
    assertThat(StateDirectory.ofUser(Map.of("XDG_STATE_HOME", "/s"), home))
        .isEqualTo(Path.of("/s/remora"));
    assertThat(StateDirectory.ofUser(Map.of("XDG_STATE_HOME", "s"), home))
        .isEqualTo(Path.of("/home/x/.local/state/remora"));
    assertThat(StateDirectory.ofUser(Map.of("REMORA_STATE_DIR", "/r"), home))
        .isEqualTo(Path.of("/r"));
  }

  @Test
  void everyKeyIsDocumented() throws Exception {
    Path page = Path.of("..", "docs", "operating.md");
    String text = Files.readString(page);
    List<String> keys =
        Stream.concat(ServerConfig.keys().stream(), ConfigFile.keys(TenantsFile::tenants).stream())
            .toList();
    assertThat(keys).hasSizeGreaterThan(25);
    assertThat(keys).allSatisfy(key -> assertThat(text).contains("| `" + key + "` |"));
  }
}
