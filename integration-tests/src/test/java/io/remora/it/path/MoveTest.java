// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;
import io.remora.it.process.JavaProcess;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import io.remora.it.remote.DeviceAddress;
import io.remora.v1.DeviceMode;
import io.remora.v1.DrainDeviceReply;
import io.remora.v1.DrainDeviceRequest;
import io.remora.v1.MoveSessionReply;
import io.remora.v1.MoveSessionRequest;
import io.remora.v1.SessionOnDevice;
import io.remora.v1.SessionState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A session is moved to another device under a program that keeps its pointers and goes on. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MoveTest {
  private static final Duration TIME_MAX = Duration.ofSeconds(20);

  /** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES. */
  private static final int DYNAMIC_SHARED_BYTES = 8;

  private Path folder;
  private ServerProcess server;
  private String operator;
  private String alice;
  private String tied;
  private AdminClient admin;

  @BeforeAll
  void startServer(@TempDir Path given) throws Exception {
    folder = given;
    TenantsFile tenants = new TenantsFile(folder.resolve("tenants.yaml"));
    operator = tenants.add("ops", "--sessions", "0");
    alice = tenants.add("alice");
    tied = tenants.add("tied", "--devices", "0");
    Path config =
        Files.writeString(
            folder.resolve("server.yaml"),
            """
            tenants: tenants.yaml
            operators: [ops]
            audit_log: audit.jsonl
            web: {listen: off}
            software: {devices: 2, memory: 256MiB}
            """);
    server = ServerProcess.start(folder, List.of(), List.of("--config", config.toString()));
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

  /** A session that has device 0 only, and may be given device 1. */
  private TestSession session() throws ConnectionException {
    admin.drainDevice(DrainDeviceRequest.newBuilder().setOrdinal(1).build());
    TestSession session = new TestSession(settings(alice));
    admin.drainDevice(DrainDeviceRequest.newBuilder().setOrdinal(1).setUndo(true).build());
    return session;
  }

  private MoveSessionReply move(TestSession session, int device) throws ConnectionException {
    return admin.moveSession(
        MoveSessionRequest.newBuilder()
            .setId(session.cuda().welcome().getSessionId())
            .setDevice(device)
            .build());
  }

  private String refusal(TestSession session, int device, int millis) {
    ConnectionException refused =
        catchThrowableOfType(
            ConnectionException.class,
            () ->
                admin.moveSession(
                    MoveSessionRequest.newBuilder()
                        .setId(session.cuda().welcome().getSessionId())
                        .setDevice(device)
                        .setMillis(millis)
                        .build()));
    return String.valueOf(refused.getMessage());
  }

  /** Everything that a program may have, and what it must be after a move. */
  private static final class Program {
    private static final int BYTES = 3 << 20;

    private final TestSession session;
    private final RemoteCuda cuda;
    private final byte[] bytes = new byte[BYTES];
    private final DeviceAddress memory;
    private final DeviceAddress value;
    private final DeviceAddress pooled = new DeviceAddress();
    private final CUmodule module = new CUmodule();
    private final CUfunction countRun = new CUfunction();
    private final CUfunction step = new CUfunction();
    private final CUfunction empty = new CUfunction();
    private final DeviceAddress runs = new DeviceAddress();
    private final CUstream urgent = new CUstream();
    private final CUevent first = new CUevent();
    private final CUevent second = new CUevent();
    private final CUgraphExec graph = new CUgraphExec();
    private final float[] between = new float[1];
    private int counted;
    private int expected;

    Program(TestSession session) {
      this.session = session;
      this.cuda = session.cuda();
      new Random(7).nextBytes(bytes);
      DeviceAddress hole = session.allocate(5 << 20);
      memory = session.allocate(BYTES);
      value = session.allocateZeros(Integer.BYTES);
      ok(cuda.cuMemcpyHtoD(memory, Pointer.to(bytes), BYTES));
      ok(cuda.cuMemFree(hole));
      ok(cuda.cuModuleLoadData(module, TestSession.ptx("small")));
      ok(cuda.cuModuleGetFunction(countRun, module, "countRun"));
      ok(cuda.cuModuleGetFunction(step, module, "multiplyThenAdd"));
      ok(cuda.cuModuleGetFunction(empty, module, "emptyKernel"));
      ok(cuda.cuModuleGetGlobal(runs, new long[1], module, "runs"));
      ok(cuda.cuFuncSetAttribute(empty, DYNAMIC_SHARED_BYTES, 60_000));
      ok(cuda.cuStreamCreateWithPriority(urgent, TestSession.NON_BLOCKING, -2));
      ok(cuda.cuMemAllocAsync(pooled, Integer.BYTES, urgent));
      ok(cuda.cuMemsetD32Async(pooled, 77, 1, urgent));
      ok(cuda.cuEventCreate(first, 0));
      ok(cuda.cuEventCreate(second, 0));
      ok(cuda.cuEventRecord(first, urgent));
      count(5);
      ok(cuda.cuEventRecord(second, urgent));
      ok(cuda.cuCtxSynchronize());
      ok(cuda.cuEventElapsedTime(between, first, second));
      capture();
      launchGraph();
    }

    private void ok(int result) {
      session.expectSuccess(result);
    }

    private void count(int times) {
      for (int i = 0; i < times; i++) {
        ok(session.launchOne(countRun, urgent));
      }
      counted += times;
    }

    private void capture() {
      CUgraph captured = new CUgraph();
      ok(cuda.cuStreamBeginCapture(urgent, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
      for (int summand = 1; summand <= 3; summand++) {
        ok(
            session.launchOne(
                step,
                urgent,
                Pointer.to(value),
                TestSession.parameter(3),
                TestSession.parameter(summand)));
      }
      ok(cuda.cuStreamEndCapture(urgent, captured));
      ok(cuda.cuGraphInstantiate(graph, captured, 0));
    }

    private void launchGraph() {
      ok(cuda.cuGraphLaunch(graph, urgent));
      for (int summand = 1; summand <= 3; summand++) {
        expected = expected * 3 + summand;
      }
    }

    /** Goes on with all of it. */
    void goOn() {
      byte[] read = new byte[BYTES];
      ok(cuda.cuMemcpyDtoH(Pointer.to(read), memory, BYTES));
      assertThat(read).isEqualTo(bytes);
      count(2);
      launchGraph();
      ok(
          cuda.cuLaunchKernel(
              empty, 1, 1, 1, 32, 1, 1, 60_000, urgent, Pointer.to(new Pointer[0]), null));
      ok(cuda.cuStreamSynchronize(urgent));
      assertThat(session.readInt(runs)).isEqualTo(counted);
      assertThat(session.readInt(value)).isEqualTo(expected);
      assertThat(session.readInt(pooled)).isEqualTo(77);
      float[] again = new float[1];
      ok(cuda.cuEventElapsedTime(again, first, second));
      assertThat(again).containsExactly(between);
      CUevent third = new CUevent();
      ok(cuda.cuEventCreate(third, 0));
      ok(cuda.cuEventRecord(third, urgent));
      ok(cuda.cuEventSynchronize(third));
      ok(cuda.cuEventElapsedTime(again, second, third));
      assertThat(again[0]).isPositive();
      ok(cuda.cuEventDestroy(third));
      CUmodule another = new CUmodule();
      ok(cuda.cuModuleLoadData(another, TestSession.ptx("vector_add")));
      ok(cuda.cuModuleUnload(another));
      DeviceAddress fresh = session.allocateZeros(1 << 20);
      assertThat(session.readInt(fresh)).isZero();
      ok(cuda.cuMemFree(fresh));
    }

    void end() {
      ok(cuda.cuMemFreeAsync(pooled, urgent));
      ok(cuda.cuGraphExecDestroy(graph));
      ok(cuda.cuEventDestroy(first));
      ok(cuda.cuEventDestroy(second));
      ok(cuda.cuStreamDestroy(urgent));
      ok(cuda.cuModuleUnload(module));
      ok(cuda.cuMemFree(memory));
      ok(cuda.cuMemFree(value));
      ok(cuda.cuCtxSynchronize());
    }
  }

  @Test
  void aProgramKeepsItsPointersAndHandlesThereAndBack() throws Exception {
    try (TestSession session = session()) {
      Program program = new Program(session);
      program.goOn();
      MoveSessionReply there = move(session, 1);
      assertThat(there.getFrom()).isZero();
      assertThat(there.getBytes()).isGreaterThan(Program.BYTES);
      program.goOn();
      assertThat(move(session, 0).getFrom()).isEqualTo(1);
      program.goOn();
      assertThat(refusal(session, 0, 1000)).contains("already");
      program.end();
      assertThat(Files.readAllLines(folder.resolve("audit.jsonl")))
          .anyMatch(line -> line.contains("session_moved") && line.contains("\"by\":\"ops\""));
    }
  }

  @Test
  void aBusyProgramIsMovedWithoutALostOrDoubledLaunch() throws Exception {
    try (TestSession session = session()) {
      CUfunction step = session.function("small", "multiplyThenAdd");
      DeviceAddress value = session.allocateZeros(Integer.BYTES);
      AtomicBoolean enough = new AtomicBoolean();
      CompletableFuture<Integer> expected =
          CompletableFuture.supplyAsync(
              () -> {
                session.enter();
                int host = 0;
                int summand = 0;
                while (!enough.get()) {
                  for (int i = 0; i < 200; i++, summand++) {
                    session.expectSuccess(
                        session.launchOne(
                            step,
                            null,
                            Pointer.to(value),
                            TestSession.parameter(5),
                            TestSession.parameter(summand)));
                    host = host * 5 + summand;
                  }
                  assertThat(session.readInt(value)).isEqualTo(host);
                }
                return host;
              });
      for (int i = 0; i < 6; i++) {
        assertThat(move(session, 1 - i % 2).getFrom()).isEqualTo(i % 2);
      }
      enough.set(true);
      int last = expected.get(20, TimeUnit.SECONDS);
      assertThat(session.readInt(value)).isEqualTo(last);
      String id = session.cuda().welcome().getSessionId();
      Await.success(
          TIME_MAX,
          () -> {
            SessionState seen =
                admin.state().getSessionsList().stream()
                    .filter(each -> each.getId().equals(id))
                    .findFirst()
                    .orElseThrow();
            assertThat(seen.getDevicesList()).hasSize(2);
            assertThat(seen.getDevicesList()).allMatch(device -> device.getWorks() > 0);
            assertThat(seen.getDevicesList())
                .extracting(SessionOnDevice::getMemoryBytes)
                .filteredOn(bytes -> bytes > 0)
                .hasSize(1);
            return true;
          });
    }
  }

  @Test
  void whatCannotBeMovedStaysAndGoesOn() throws Exception {
    try (TestSession session = session();
        TestSession bound = new TestSession(settings(tied));
        TestSession both = new TestSession(settings(alice));
        AdminClient own = AdminClient.open(settings(alice))) {
      assertThat(refusal(bound, 1, 1000)).contains("may not use device 1");
      assertThat(refusal(both, 1, 1000)).contains("2 devices");
      assertThat(refusal(session, 2, 1000)).contains("no device 2");
      assertThat(
              catchThrowableOfType(
                  ConnectionException.class,
                  () ->
                      own.moveSession(
                          MoveSessionRequest.newBuilder()
                              .setId(session.cuda().welcome().getSessionId())
                              .setDevice(1)
                              .build())))
          .hasMessageContaining("no operator");
      DeviceAddress flag = session.allocateZeros(Integer.BYTES);
      CUfunction spin = session.function("faults", "spinUntil");
      CUstream busy = session.stream();
      session.expectSuccess(session.launchOne(spin, busy, Pointer.to(flag)));
      // A call that waits, so that the launch is on its way for sure.
      session.expect(session.cuda().cuStreamQuery(busy), CUresult.CUDA_ERROR_NOT_READY);
      assertThat(refusal(session, 1, 300)).contains("rest in time");
      session.expect(session.cuda().cuStreamQuery(busy), CUresult.CUDA_ERROR_NOT_READY);
      CUstream other = session.stream();
      session.expectSuccess(session.cuda().cuMemsetD32Async(flag, 1, 1, other));
      session.expectSuccess(session.cuda().cuCtxSynchronize());
      assertThat(move(session, 1).getFrom()).isZero();
      assertThat(session.readInt(flag)).isEqualTo(1);
    }
  }

  @Test
  void aDrainedDevicesSessionsMoveOnAndThoseThatCannotStay() throws Exception {
    try (TestSession first = session();
        TestSession second = session();
        TestSession bound = new TestSession(settings(tied))) {
      DeviceAddress inFirst = first.allocateZeros(Integer.BYTES);
      first.writeInt(inFirst, 5);
      DeviceAddress inSecond = second.allocateZeros(Integer.BYTES);
      second.writeInt(inSecond, 6);
      DeviceAddress inBound = bound.allocateZeros(Integer.BYTES);
      DrainDeviceReply reply =
          admin.drainDevice(
              DrainDeviceRequest.newBuilder().setOrdinal(0).setMoveSessions(true).build());
      try {
        assertThat(reply.getMoved()).isGreaterThanOrEqualTo(2);
        assertThat(refusal(first, 1, 1000)).contains("already");
        assertThat(refusal(second, 1, 1000)).contains("already");
        assertThat(reply.getSessions()).isPositive();
        assertThat(reply.getMode()).isEqualTo(DeviceMode.DRAINING);
        assertThat(first.readInt(inFirst)).isEqualTo(5);
        assertThat(second.readInt(inSecond)).isEqualTo(6);
        assertThat(bound.readInt(inBound)).isZero();
      } finally {
        admin.drainDevice(DrainDeviceRequest.newBuilder().setOrdinal(0).setUndo(true).build());
      }
    }
  }

  @Test
  void theCommandMovesASession() throws Exception {
    try (TestSession session = session()) {
      DeviceAddress value = session.allocateZeros(Integer.BYTES);
      session.writeInt(value, 42);
      try (JavaProcess command =
          JavaProcess.start(
              List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
              "io.remora.cli.Main",
              List.of(
                  "session",
                  "move",
                  session.cuda().welcome().getSessionId(),
                  "1",
                  "--server",
                  "127.0.0.1:" + server.port(),
                  "--ca",
                  server.readyValue("ca").orElseThrow()),
              Map.of("REMORA_TOKEN", operator),
              folder.resolve("move.log"))) {
        assertThat(command.awaitLine("moved session", TIME_MAX))
            .contains("from device 0 to device 1");
        assertThat(command.awaitExit()).isZero();
      }
      assertThat(session.readInt(value)).isEqualTo(42);
    }
  }
}
