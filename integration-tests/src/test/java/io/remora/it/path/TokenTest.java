// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;
import io.remora.it.process.Await;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Who gets in, who doesn't, and what they are told. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenTest {
  private static final Duration RELOAD_TIME_MAX = Duration.ofSeconds(10);

  private ServerProcess server;
  private TenantsFile tenants;
  private Path folder;
  private String valid;
  private String expired;

  @BeforeAll
  void startServer(@TempDir Path given) {
    folder = given;
    tenants = new TenantsFile(folder.resolve("tenants.yaml"));
    valid = tenants.add("valid");
    expired = tenants.add("expired", "--expires", "2020-01-01T00:00:00Z");
    server =
        ServerProcess.start(folder, List.of(), List.of("--tenants", tenants.file().toString()));
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private ConnectionSettings settings(@Nullable String token) {
    return ConnectionSettings.of("127.0.0.1", server.port())
        .withCaFile(Path.of(server.readyValue("ca").orElseThrow()))
        .withToken(token);
  }

  private void expectRefused(@Nullable String token, String message) {
    ConnectionException refusal =
        catchThrowableOfType(
            ConnectionException.class, () -> RemoteCuda.connect(settings(token)).close());
    assertThat(refusal).isNotNull();
    assertThat(refusal.reason()).isEqualTo(ConnectionException.Reason.TOKEN);
    assertThat(refusal).hasMessageContaining(message);
  }

  @Test
  void aValidTokenOpensASession() throws Exception {
    try (TestSession session = new TestSession(settings(valid))) {
      assertThat(session.freeBytes()).isPositive();
    }
  }

  @Test
  void noTokenIsRefusedWithTheRemedy() {
    expectRefused(null, "REMORA_TOKEN");
  }

  @Test
  void aWrongTokenIsRefusedWithTheRemedy() {
    String ofAnotherInstallation = new TenantsFile(folder.resolve("elsewhere.yaml")).add("valid");
    expectRefused(ofAnotherInstallation, "remora tenant");
  }

  @Test
  void aMistypedTokenIsRefusedBeforeItIsLookedUp() {
    char last = valid.charAt(valid.length() - 1);
    String mistyped = valid.substring(0, valid.length() - 1) + (last == '0' ? '1' : '0');
    expectRefused(mistyped, "copy it again");
  }

  @Test
  void anExpiredTokenIsRefusedAndSaysSo() {
    expectRefused(expired, "expired");
  }

  @Test
  void revokingATenantEndsItsSessionsAndRefusesItsToken() throws Exception {
    String token = tenants.add("leaving");
    Await.success(
        RELOAD_TIME_MAX,
        () -> {
          RemoteCuda.connect(settings(token)).close();
          return null;
        });
    try (TestSession session = new TestSession(settings(token))) {
      session.allocate(1024);
      tenants.revoke("leaving");
      Await.success(
          RELOAD_TIME_MAX,
          () -> assertThat(session.cuda().cuCtxSynchronize()).isNotEqualTo(CUresult.CUDA_SUCCESS));
      assertThat(session.cuda().lastErrorDetail()).contains("revoked");
    }
    expectRefused(token, "revoked");
  }

  @Test
  void noLogShowsAToken() throws Exception {
    expectRefused("rmr_" + "0".repeat(80), "");
    String log = Files.readString(folder.resolve("server.log"));
    assertThat(log).contains("127.0.0.1").doesNotContain(valid).doesNotContain("0".repeat(40));
  }
}
