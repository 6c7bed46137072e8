// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.it.process.Await;
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
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A session is moved to another device under a program that keeps its pointers and goes on. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MoveTest {
  private static final Duration TIME_MAX = Duration.ofSeconds(20);

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

  @Test
  void aProgramKeepsItsPointersAndHandlesThereAndBack() throws Exception {
    try (TestSession session = session()) {
      MovedProgram program = new MovedProgram(session);
      program.goOn();
      MoveSessionReply there = move(session, 1);
      assertThat(there.getFrom()).isZero();
      assertThat(there.getBytes()).isGreaterThan(MovedProgram.BYTES);
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
      BusyProgram busy = new BusyProgram(session);
      for (int i = 0; i < 6; i++) {
        assertThat(move(session, 1 - i % 2).getFrom()).isEqualTo(i % 2);
      }
      busy.end();
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
