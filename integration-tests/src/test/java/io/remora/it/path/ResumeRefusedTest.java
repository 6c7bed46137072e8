// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.remora.client.AdminClient;
import io.remora.client.ConnectionSettings;
import io.remora.it.process.Await;
import io.remora.it.process.CuttingProxy;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import io.remora.v1.ClientFrame;
import io.remora.v1.EndSessionsRequest;
import io.remora.v1.Hello;
import io.remora.v1.Resume;
import io.remora.v1.SessionState;
import io.remora.v1.Welcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may go on with a session and who may not, and what is seen and said of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ResumeRefusedTest {
  private static final Duration WAIT_MAX = Duration.ofSeconds(20);

  private ServerProcess server;
  private ServerProcess impatient;
  private TenantsFile tenants;
  private String token;
  private String otherToken;

  @BeforeAll
  void startServers(@TempDir Path folder) throws Exception {
    Path config = folder.resolve("server.yaml");
    Files.writeString(config, "operators: [other]\n");
    tenants = new TenantsFile(folder.resolve("tenants.yaml"));
    token = tenants.add("one", "--sessions", "1");
    otherToken = tenants.add("other");
    List<String> arguments =
        List.of(
            "--config",
            config.toString(),
            "--tls",
            "off",
            "--tenants",
            tenants.file().toString(),
            "--resume-grace");
    server = ServerProcess.start(folder.resolve("a"), List.of(), with(arguments, "1h"));
    impatient = ServerProcess.start(folder.resolve("b"), List.of(), with(arguments, "200ms"));
  }

  private static List<String> with(List<String> arguments, String grace) {
    List<String> all = new ArrayList<>(arguments);
    all.add(grace);
    return all;
  }

  @AfterAll
  void stopServers() {
    server.close();
    impatient.close();
  }

  private static ConnectionSettings settings(int port, String token) {
    return ConnectionSettings.of("127.0.0.1", port).withPlaintext(true).withToken(token);
  }

  private static byte[] hello(@Nullable Resume resume) {
    Hello.Builder hello =
        Hello.newBuilder()
            .setProtocolVersion(2)
            .setTableHash(ByteString.copyFrom(new byte[32]))
            .setResumable(true);
    if (resume != null) {
      hello.setResume(resume);
    }
    return ClientFrame.newBuilder().setHello(hello).build().toByteArray();
  }

  /** Opens a session and cuts its connection. */
  private Welcome abandoned(String owner) throws Exception {
    try (RawStream stream = new RawStream(settings(server.port(), owner))) {
      stream.send(hello(null));
      return stream.awaitFirst().getWelcome();
    }
  }

  private RawStream resume(String owner, Welcome welcome, ByteString secret) {
    RawStream stream = new RawStream(settings(server.port(), owner), welcome.getSessionId());
    stream.send(
        hello(Resume.newBuilder().setSessionId(welcome.getSessionId()).setSecret(secret).build()));
    return stream;
  }

  private void expectRefused(String owner, Welcome welcome, ByteString secret) throws Exception {
    try (RawStream stream = resume(owner, welcome, secret)) {
      Status end = stream.awaitEnd();
      assertThat(end.getCode()).isEqualTo(Status.Code.NOT_FOUND);
      assertThat(end.getDescription()).contains("the session isn't there any more");
    }
  }

  @Test
  void onlyTheClientItselfComesBackAndMeanwhileItsSessionCounts() throws Exception {
    Welcome welcome = abandoned(token);
    ByteString secret = welcome.getResumeSecret();
    assertThat(secret.size()).isEqualTo(32);
    try (AdminClient admin = AdminClient.open(settings(server.port(), token))) {
      Await.success(WAIT_MAX, () -> assertThat(only(admin).getDetachedUnixMillis()).isPositive());
      expectRefused(token, welcome, ByteString.copyFrom(new byte[32]));
      expectRefused(token, welcome, ByteString.EMPTY);
      expectRefused(otherToken, welcome, secret);
      try (RawStream next = new RawStream(settings(server.port(), token))) {
        assertThat(next.awaitEnd().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      }

      try (RawStream stream = resume(token, welcome, secret)) {
        assertThat(stream.awaitFirst().hasResumed()).isTrue();
        Await.success(WAIT_MAX, () -> assertThat(only(admin).getDetachedUnixMillis()).isZero());
        assertThat(only(admin).getResumes()).isEqualTo(1);
      }

      admin.endSessions(EndSessionsRequest.newBuilder().addIds(welcome.getSessionId()).build());
      Await.success(WAIT_MAX, () -> assertThat(admin.state().getSessionsList()).hasSize(0));
      expectRefused(token, welcome, secret);
    }
  }

  private static SessionState only(AdminClient admin) throws Exception {
    List<SessionState> sessions = admin.state().getSessionsList();
    assertThat(sessions).hasSize(1);
    return sessions.get(0);
  }

  @Test
  void aRevokedTenantsSessionWaitsForNobody() throws Exception {
    String leaving = tenants.add("leaving");
    Await.success(WAIT_MAX, () -> assertThat(abandoned(leaving).getSessionId()).isNotEmpty());
    try (AdminClient admin = AdminClient.open(settings(server.port(), otherToken))) {
      Await.success(WAIT_MAX, () -> assertThat(sessionsOf("leaving", admin)).isEqualTo(1));

      tenants.revoke("leaving");

      Await.success(WAIT_MAX, () -> assertThat(sessionsOf("leaving", admin)).isZero());
    }
  }

  private static long sessionsOf(String tenant, AdminClient admin) throws Exception {
    return admin.state().getSessionsList().stream()
        .filter(session -> session.getTenant().equals(tenant))
        .count();
  }

  @Test
  void anotherServerDoesNotKnowTheSession() throws Exception {
    try (CuttingProxy proxy = new CuttingProxy(server.port(), 1);
        TestSession session = new TestSession(settings(proxy.port(), otherToken))) {
      // As if the server had been started again.
      proxy.retarget(impatient.port());

      session.expect(session.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
      assertThat(session.cuda().lastErrorDetail())
          .contains("can't go on")
          .contains("the server was restarted");
      session.expect(session.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
    }
  }

  @Test
  void afterTheGraceThereIsOneClearError() throws Exception {
    try (CuttingProxy proxy = new CuttingProxy(impatient.port(), 1);
        TestSession session = new TestSession(settings(proxy.port(), otherToken))) {
      proxy.stop();

      session.expect(session.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
      assertThat(session.cuda().lastErrorDetail())
          .contains("could not be restored within the 200 ms");
      try (AdminClient admin = AdminClient.open(settings(impatient.port(), otherToken))) {
        Await.success(WAIT_MAX, () -> assertThat(admin.state().getSessionsList()).hasSize(0));
      }
    }
  }
}
