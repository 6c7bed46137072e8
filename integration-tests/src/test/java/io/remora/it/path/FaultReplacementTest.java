// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;
import io.remora.it.process.Await;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import io.remora.it.remote.DeviceAddress;
import io.remora.v1.DeviceReplacements;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A kernel's fault ends the context that all sessions of a GPU share. On the null driver, whose
 * kernel {@code null_fill} has such a fault at an address that isn't there.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultReplacementTest {
  private static final Duration TIME_MAX = Duration.ofSeconds(20);
  private static final Path NULL_DRIVER =
      Path.of("../gpu-server/target/nulldriver").toAbsolutePath().normalize();

  /** Of 64 MiB that the null device has: two sessions can't both have so much. */
  private static final int LARGE_BYTES = 40 << 20;

  private static final String KERNEL =
      """
      .version 8.0
      .target sm_80
      .address_size 64
      .visible .entry null_fill(.param .u64 words, .param .u32 value, .param .u32 count) { ret; }
      """;

  private static final String VARIABLE =
      """
      .version 8.0
      .target sm_80
      .address_size 64
      .visible .global .align 4 .b8 counters[64];
      .visible .entry null_fill(.param .u64 words, .param .u32 value, .param .u32 count) { ret; }
      """;

  private Path folder;
  private ServerProcess server;
  private String alice;
  private AdminClient admin;

  @BeforeAll
  void startServer(@TempDir Path given) throws Exception {
    folder = given;
    TenantsFile tenants = new TenantsFile(folder.resolve("tenants.yaml"));
    String operator = tenants.add("ops", "--sessions", "0");
    alice = tenants.add("alice", "--memory", "1GiB");
    Path config =
        Files.writeString(
            folder.resolve("server.yaml"),
            """
            tenants: tenants.yaml
            operators: [ops]
            audit_log: audit.jsonl
            web: {listen: "127.0.0.1:0"}
            software: {spill: 1GiB}
            """);
    server =
        ServerProcess.start(
            folder,
            List.of(),
            List.of("--config", config.toString(), "--device", "cuda"),
            Map.of(
                "LD_LIBRARY_PATH",
                NULL_DRIVER.toString(),
                "NULLCUDA_MEMORY",
                Integer.toString(64 << 20)));
    admin = AdminClient.open(settings(operator));
  }

  @AfterAll
  void stopServer() {
    admin.close();
    server.close();
  }

  private ConnectionSettings settings(String token) {
    return ConnectionSettings.of("127.0.0.1", server.port())
        .withCaFile(Path.of(server.readyValue("ca").orElseThrow()))
        .withToken(token);
  }

  private TestSession session() throws ConnectionException {
    return new TestSession(settings(alice));
  }

  private static CUfunction load(TestSession session, String text) {
    CUmodule module = new CUmodule();
    session.expectSuccess(session.cuda().cuModuleLoadData(module, text));
    CUfunction function = new CUfunction();
    session.expectSuccess(session.cuda().cuModuleGetFunction(function, module, "null_fill"));
    return function;
  }

  private static int fill(
      TestSession session, CUfunction fill, @Nullable CUstream stream, long at, int with) {
    return session.launchOne(
        fill,
        stream,
        TestSession.parameter(at),
        TestSession.parameter(with),
        TestSession.parameter(1));
  }

  private static void fault(TestSession session, CUfunction fill) {
    session.expectSuccess(fill(session, fill, null, 16, 1));
    session.expect(session.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
  }

  /** Allocates as soon as the other sessions have been idle for long enough to be spilled. */
  private static void allocateOnceOthersAreIdle(TestSession session, long bytes) {
    DeviceAddress address = new DeviceAddress();
    Boolean unused =
        Await.success(
            TIME_MAX,
            () -> {
              session.expectSuccess(session.cuda().cuMemAlloc(address, bytes));
              return true;
            });
  }

  private String metrics() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(server.readyValue("web").orElseThrow()).resolve("/metrics"))
            .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  private DeviceReplacements replacements() throws ConnectionException {
    return admin.state().getDevices(0).getReplacements();
  }

  /** A session at rest whose memory is on the host when the fault comes. */
  private static final class Kept {
    private final TestSession session;
    private final RemoteCuda cuda;
    private final CUfunction fill;
    private final DeviceAddress memory;
    private final byte[] bytes = new byte[1 << 20];
    private final CUstream stream;
    private final CUevent first = new CUevent();
    private final CUevent second = new CUevent();

    Kept(TestSession session) {
      this.session = session;
      this.cuda = session.cuda();
      fill = load(session, KERNEL);
      memory = session.allocate(LARGE_BYTES);
      new Random(5).nextBytes(bytes);
      session.expectSuccess(cuda.cuMemcpyHtoD(memory, Pointer.to(bytes), bytes.length));
      stream = session.stream();
      session.expectSuccess(cuda.cuEventCreate(first, 0));
      session.expectSuccess(cuda.cuEventCreate(second, 0));
      session.expectSuccess(cuda.cuEventRecord(first, stream));
      session.expectSuccess(fill(session, fill, stream, memory.value() + (2 << 20), 9));
      session.expectSuccess(cuda.cuEventRecord(second, stream));
      session.expectSuccess(cuda.cuCtxSynchronize());
    }

    void goOn() {
      byte[] read = new byte[bytes.length];
      session.expectSuccess(cuda.cuMemcpyDtoH(Pointer.to(read), memory, read.length));
      assertThat(read).isEqualTo(bytes);
      int[] filled = new int[1];
      session.expectSuccess(
          cuda.cuMemcpyDtoH(Pointer.to(filled), memory.withByteOffset(2 << 20), 4));
      assertThat(filled[0]).isEqualTo(9);
      float[] milliseconds = new float[1];
      session.expectSuccess(cuda.cuEventElapsedTime(milliseconds, first, second));
      assertThat(milliseconds[0]).isNotNegative();
      session.expectSuccess(fill(session, fill, stream, memory.value(), 11));
      session.expectSuccess(cuda.cuEventRecord(second, stream));
      session.expectSuccess(cuda.cuStreamSynchronize(stream));
      assertThat(session.readInt(memory)).isEqualTo(11);
      session.expectSuccess(cuda.cuEventElapsedTime(milliseconds, first, second));
      assertThat(milliseconds[0]).isPositive();
    }
  }

  private static void assertLost(TestSession session, DeviceAddress memory) {
    for (int i = 0; i < 2; i++) {
      session.expect(
          session.cuda().cuMemcpyDtoH(Pointer.to(new int[1]), memory, 4),
          CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED);
      assertThat(session.cuda().lastErrorDetail())
          .contains("another session", "CUDA_ERROR_ILLEGAL_ADDRESS", "were on the device");
    }
  }

  private void assertNamed(TestSession lost) throws Exception {
    Await.success(
        TIME_MAX,
        () -> {
          DeviceReplacements seen = replacements();
          assertThat(seen.getCount()).isEqualTo(1);
          assertThat(seen.getSessionsKept()).isEqualTo(2);
          assertThat(seen.getSessionsLost()).isEqualTo(2);
          assertThat(seen.getCause()).contains("null_fill");
          return true;
        });
    assertThat(metrics())
        .containsPattern("remora_device_replacements_total\\{[^}]*device=\"0\"[^}]*} 1.0")
        .containsPattern("remora_sessions_lost_total\\{[^}]*} 2.0");
    List<String> audit = Files.readAllLines(folder.resolve("audit.jsonl"));
    assertThat(audit).filteredOn(line -> line.contains("device_replaced")).hasSize(1);
    assertThat(audit).filteredOn(line -> line.contains("session_kept")).hasSize(2);
    assertThat(audit)
        .filteredOn(line -> line.contains("session_lost"))
        .hasSize(2)
        .anyMatch(line -> line.contains(lost.cuda().welcome().getSessionId()));
  }

  @Test
  void sessionsWhoseStateWasKeptGoOnAndTheOthersAreToldWhatTheyLost() throws Exception {
    try (TestSession guilty = session();
        TestSession spilled = session();
        TestSession bare = session();
        TestSession lost = session();
        TestSession variable = session()) {
      Kept kept = new Kept(spilled);
      CUstream bareStream = bare.stream();
      CUfunction bareFill = load(bare, KERNEL);
      CUfunction used = load(variable, VARIABLE);
      DeviceAddress passing = variable.allocate(4096);
      variable.expectSuccess(fill(variable, used, null, passing.value(), 1));
      variable.expectSuccess(variable.cuda().cuMemFree(passing));
      variable.expectSuccess(variable.cuda().cuCtxSynchronize());
      // Takes the device's memory, so that the idle session's is kept on the host.
      CUfunction guiltyFill = load(guilty, KERNEL);
      allocateOnceOthersAreIdle(guilty, LARGE_BYTES);
      DeviceAddress small = lost.allocate(4096);
      lost.writeInt(small, 3);
      assertThat(lost.readInt(small)).isEqualTo(3);

      fault(guilty, guiltyFill);
      assertThat(guilty.cuda().lastErrorDetail()).contains("null_fill");

      kept.goOn();
      DeviceAddress fresh = bare.allocateZeros(4096);
      bare.expectSuccess(fill(bare, bareFill, bareStream, fresh.value(), 21));
      bare.expectSuccess(bare.cuda().cuStreamSynchronize(bareStream));
      assertThat(bare.readInt(fresh)).isEqualTo(21);
      assertLost(lost, small);
      variable.expect(
          variable.cuda().cuMemAlloc(new DeviceAddress(), 4096),
          CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED);
      // Variables are memory of the session, too.
      assertThat(variable.cuda().lastErrorDetail()).contains("of its memory were on the device");
      assertNamed(lost);
    }
    try (TestSession next = session()) {
      DeviceAddress memory = next.allocateZeros(4096);
      assertThat(next.readInt(memory)).isZero();
    }
  }
}
