// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;
import io.remora.it.process.Await;
import io.remora.it.process.JavaProcess;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import io.remora.it.remote.DeviceAddress;
import io.remora.v1.DrainDeviceRequest;
import io.remora.v1.EndSessionsRequest;
import io.remora.v1.Failure;
import io.remora.v1.HistorySlice;
import io.remora.v1.ServerState;
import io.remora.v1.SessionState;
import io.remora.v1.TenantState;
import io.remora.v1.TraceReply;
import io.remora.v1.TraceRequest;
import io.remora.v1.TracedWork;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What operators and tenants see of a server, and what operators can do. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SeeingTest {
  private static final Duration TIME_MAX = Duration.ofSeconds(20);
  private static final int CHROMIUM_SECONDS_MAX = 60;

  private Path folder;
  private ServerProcess server;
  private String operator;
  private String alice;
  private String bob;

  @BeforeAll
  void startServer(@TempDir Path given) throws Exception {
    folder = given;
    TenantsFile tenants = new TenantsFile(folder.resolve("tenants.yaml"));
    operator = tenants.add("ops", "--sessions", "0");
    alice = tenants.add("alice", "--weight", "3");
    bob = tenants.add("bob");
    Path config =
        Files.writeString(
            folder.resolve("server.yaml"),
            """
            tenants: tenants.yaml
            operators: [ops]
            audit_log: audit.jsonl
            web: {listen: "127.0.0.1:0"}
            software: {memory: 256MiB}
            """);
    server = ServerProcess.start(folder, List.of(), List.of("--config", config.toString()));
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private ConnectionSettings settings(String token) {
    return ConnectionSettings.of("127.0.0.1", server.port())
        .withCaFile(Path.of(server.readyValue("ca").orElseThrow()))
        .withToken(token);
  }

  private AdminClient admin(String token) throws ConnectionException {
    return AdminClient.open(settings(token));
  }

  private String page(String path) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.readyValue("web").orElseThrow()).resolve(path))
            .build();
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(200);
    return response.body();
  }

  private List<String> audit() throws Exception {
    return Files.readAllLines(folder.resolve("audit.jsonl"));
  }

  private static void work(TestSession session) {
    DeviceAddress memory = session.allocateZeros(4096);
    CUfunction busy = session.function("faults", "busy");
    for (int i = 0; i < 20; i++) {
      session.expectSuccess(
          session.launch(busy, 2, 32, null, Pointer.to(memory), TestSession.parameter(2000)));
    }
    session.expectSuccess(session.cuda().cuCtxSynchronize());
  }

  private static TenantState tenant(ServerState state, String name) {
    return state.getTenantsList().stream()
        .filter(each -> each.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static SessionState session(ServerState state, String id) {
    return state.getSessionsList().stream()
        .filter(each -> each.getId().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whatATenantDoesIsCountedAndShownToTheOperatorAndToItself() throws Exception {
    try (TestSession session = new TestSession(settings(alice));
        AdminClient ops = admin(operator);
        AdminClient own = admin(alice);
        AdminClient others = admin(bob)) {
      work(session);
      String id = session.cuda().welcome().getSessionId();
      Await.success(
          TIME_MAX,
          () -> {
            SessionState seen = session(ops.state(), id);
            assertThat(seen.getDevices(0).getWorks()).isGreaterThanOrEqualTo(20);
            assertThat(seen.getDevices(0).getRunNanos()).isPositive();
            assertThat(seen.getTraffic().getCalls()).isGreaterThanOrEqualTo(20);
            assertThat(seen.getTraffic().getWaits()).isPositive();
            assertThat(seen.getTraffic().getBytesUp()).isPositive();
            assertThat(seen.getMemoryBytes()).isPositive();
            return true;
          });
      ServerState all = ops.state();
      assertThat(all.getComplete()).isTrue();
      assertThat(tenant(all, "alice").getDevices(0).getRunTimes().getSumNanos()).isPositive();
      assertThat(tenant(all, "alice").getDevices(0).getRunP99Nanos()).isPositive();
      assertThat(tenant(all, "alice").getMemoryUsedBytes()).isPositive();
      SessionState session0 = session(all, id);
      assertThat(session0.getPeer()).startsWith("127.0.0.1:");
      assertThat(
              ops.history(0).getSecondsList().stream()
                  .flatMap(second -> second.getSlicesList().stream())
                  .filter(slice -> slice.getTenant().equals("alice"))
                  .flatMap((HistorySlice slice) -> slice.getKernelsList().stream()))
          .anyMatch(kernel -> kernel.getName().equals("busy"));
      assertThat(own.state().getTenantsList())
          .extracting(TenantState::getName)
          .containsExactly("alice");
      assertThat(own.state().getSessionsCount()).isPositive();
      assertThat(others.state().toString()).doesNotContain("alice");
      assertThat(page("/metrics"))
          .containsPattern("remora_run_time_seconds_count\\{device=\"0\",tenant=\"alice\"} [1-9]")
          .containsPattern("remora_queue_time_seconds_bucket\\{device=\"0\",tenant=\"alice\",le=")
          .containsPattern("remora_calls_total\\{tenant=\"alice\"} [1-9]")
          .contains("jvm_memory");
      assertThat(page("/api/state")).contains("\"name\":\"alice\"", session0.getId());
    }
  }

  @Test
  void aFaultNamesTenantSessionKernelAndCause() throws Exception {
    try (TestSession session = new TestSession(settings(bob));
        AdminClient ops = admin(operator)) {
      CUfunction write = session.function("faults", "writeTo");
      session.expectSuccess(
          session.launchOne(write, null, TestSession.parameter(16L), TestSession.parameter(1)));
      session.expect(session.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
      Await.success(
          TIME_MAX,
          () -> {
            Failure failure = tenant(ops.state(), "bob").getLastFailure();
            assertThat(failure.getFault()).isTrue();
            assertThat(failure.getWhat()).isEqualTo("writeTo");
            assertThat(failure.getResultName()).isEqualTo("CUDA_ERROR_ILLEGAL_ADDRESS");
            assertThat(failure.getCause()).contains("0x10");
            assertThat(failure.getSession()).isNotEmpty();
            return true;
          });
      assertThat(page("/metrics")).contains("remora_faults_total{tenant=\"bob\"} 1.0");
    }
  }

  @Test
  void anOperatorEndsASessionAndItsClientIsToldWhy() throws Exception {
    try (TestSession session = new TestSession(settings(alice));
        AdminClient ops = admin(operator);
        AdminClient others = admin(bob)) {
      String id = session.cuda().welcome().getSessionId();
      EndSessionsRequest request =
          EndSessionsRequest.newBuilder().addIds(id.substring(0, 12)).setReason("tea time").build();
      assertThat(catchThrowableOfType(ConnectionException.class, () -> others.endSessions(request)))
          .hasMessageContaining("there is no session");
      assertThat(ops.endSessions(request).getIdsList()).containsExactly(id);
      Await.success(
          TIME_MAX,
          () -> {
            assertThat(session.cuda().cuCtxSynchronize()).isNotEqualTo(CUresult.CUDA_SUCCESS);
            assertThat(session.cuda().lastErrorDetail()).contains("ended by 'ops': tea time");
            assertThat(audit())
                .anyMatch(line -> line.contains("session_closed") && line.contains(id))
                .anyMatch(line -> line.contains("ended_by_request") && line.contains("tea time"));
            return true;
          });
    }
  }

  @Test
  void aDrainedDeviceGoesToNoNewSession() throws Exception {
    try (AdminClient ops = admin(operator);
        AdminClient tenant = admin(bob)) {
      DrainDeviceRequest drain = DrainDeviceRequest.newBuilder().setOrdinal(0).build();
      assertThat(catchThrowableOfType(ConnectionException.class, () -> tenant.drainDevice(drain)))
          .hasMessageContaining("no operator")
          .hasMessageContaining("'operators'");
      ops.drainDevice(drain);
      try {
        assertThat(
                catchThrowableOfType(
                    ConnectionException.class, () -> RemoteCuda.connect(settings(bob)).close()))
            .hasMessageContaining("drained")
            .hasMessageContaining("remora device drain --undo");
        assertThat(audit()).anyMatch(line -> line.contains("session_refused"));
      } finally {
        ops.drainDevice(drain.toBuilder().setUndo(true).build());
      }
      new TestSession(settings(bob)).close();
    }
  }

  @Test
  void aTraceHasEveryWorkWithItsTimesInOrder() throws Exception {
    try (AdminClient own = admin(alice);
        TestSession session = new TestSession(settings(alice))) {
      List<TraceReply> replies = new ArrayList<>();
      Thread worker = new Thread(() -> workUntilInterrupted(session), "worker");
      worker.start();
      own.trace(TraceRequest.newBuilder().setMillis(500).build(), replies::add);
      worker.interrupt();
      worker.join();
      List<TracedWork> works =
          replies.stream().flatMap(reply -> reply.getWorksList().stream()).toList();
      assertThat(works).anyMatch(each -> each.getName().equals("busy"));
      assertThat(works)
          .allSatisfy(
              each -> {
                assertThat(each.getSubmittedNanos()).isNotNegative();
                assertThat(each.getIssuedNanos()).isGreaterThanOrEqualTo(each.getSubmittedNanos());
                assertThat(each.getEndedNanos())
                    .isGreaterThanOrEqualTo(each.getIssuedNanos() + each.getRunNanos());
              });
      assertThat(replies.stream().flatMap(reply -> reply.getCallsList().stream()))
          .anyMatch(call -> call.getName().equals("cuCtxSynchronize") && call.getWaited())
          .anyMatch(call -> call.getName().equals("busy") && !call.getWaited());
    }
  }

  private static void workUntilInterrupted(TestSession session) {
    session.enter();
    while (!Thread.currentThread().isInterrupted()) {
      work(session);
    }
  }

  @Test
  void topPrintsOnePictureWhereNobodyLooks() throws Exception {
    try (JavaProcess top =
        JavaProcess.start(
            List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            "io.remora.cli.Main",
            List.of(
                "top",
                "--server",
                "127.0.0.1:" + server.port(),
                "--ca",
                server.readyValue("ca").orElseThrow()),
            Map.of("REMORA_TOKEN", operator),
            folder.resolve("top.log"))) {
      assertThat(top.awaitLine("remora ", TIME_MAX)).contains("sessions", "refused");
      top.awaitLine("DEVICE", TIME_MAX);
      assertThat(top.awaitLine("alice", TIME_MAX)).contains("normal");
      assertThat(top.awaitExit()).isZero();
    }
  }

  @Test
  void thePageShowsTheServerInABrowser() throws Exception {
    Path chromium = chromium();
    Assumptions.assumeTrue(
        chromium != null, "no Chromium here: on Debian, `apt-get install chromium`");
    try (TestSession session = new TestSession(settings(alice))) {
      work(session);
      String id = session.cuda().welcome().getSessionId();
      Await.success(
          TIME_MAX,
          () -> {
            assertThat(page("/api/history")).contains("busy");
            return true;
          });
      Path dom = folder.resolve("page.html");
      Process browser =
          new ProcessBuilder(
                  String.valueOf(chromium),
                  "--headless=new",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--window-size=390,900",
                  "--user-data-dir=" + folder.resolve("chromium"),
                  "--virtual-time-budget=3000",
                  "--dump-dom",
                  server.readyValue("web").orElseThrow())
              .redirectOutput(dom.toFile())
              .redirectError(folder.resolve("chromium.log").toFile())
              .start();
      try {
        assertThat(browser.waitFor(CHROMIUM_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
      } finally {
        browser.destroyForcibly();
      }
      assertThat(Files.readString(dom))
          .contains("class=\"pulse live\"", ">alice<", id, "Remora Software Device")
          .containsPattern("got <b>[0-9.]+ %</b>")
          .containsPattern("<canvas[^>]* width=\"[1-9]");
    }
  }

  private static @Nullable Path chromium() {
    return Stream.of("chromium", "chromium-browser", "google-chrome")
        .map(name -> Path.of("/usr/bin", name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }
}
