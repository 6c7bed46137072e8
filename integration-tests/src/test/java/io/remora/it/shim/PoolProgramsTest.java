// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.AcrossStats;
import io.remora.client.AdminClient;
import io.remora.client.Detour;
import io.remora.client.RemoteCuda;
import io.remora.it.pool.PoolMembers;
import io.remora.it.process.Await;
import io.remora.it.process.JavaProcess;
import io.remora.v1.DrainServerRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** C programs that know nothing but a list of servers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PoolProgramsTest {
  private static final Duration COMMAND_TIME_MAX = Duration.ofSeconds(60);

  private PoolMembers pool;
  private ShimBuild build;
  private Path scenarios;
  private Path several;
  private Path folder;

  @BeforeAll
  void startMembers(@TempDir Path given) throws Exception {
    folder = given;
    build = ShimBuild.product(folder);
    scenarios = build.program("scenarios");
    several = build.program("several");
    pool = new PoolMembers(folder, "gone", "a", "b");
    pool.tenant("alice", 20);
    pool.list("wait: 1m\n", Map.of("b", "labels: {zone: far}"));
    // The first on the list never answers.
    pool.start("a");
    pool.start("b");
    pool.awaitMembers("a", "a", "b");
    pool.awaitMembers("b", "a", "b");
  }

  @AfterAll
  void stopMembers() {
    pool.close();
  }

  private void expectInit(String results, String error, String... variables) throws Exception {
    ProcessBuilder command = build.command(scenarios, "init");
    command.environment().putAll(pool.environment("alice", variables));
    try (ShimProcess process = ShimProcess.start(command)) {
      assertThat(process.awaitEnd()).as(process.errorText()).containsExactly(results);
      assertThat(process.errorText()).matches(Pattern.compile(error, Pattern.DOTALL));
    }
  }

  @Test
  void aProgramFindsItsServerByTheListAlone() throws Exception {
    expectInit("0 0", "");
    expectInit("0 0", "", "REMORA_SERVER=" + pool.server("gone") + ", " + pool.server("b") + " ");
    expectInit(
        "0 0",
        "",
        "REMORA_GPUS=2",
        "REMORA_MEMORY=8MiB",
        "REMORA_LABELS=zone=far",
        "REMORA_POLICY=pack");
    expectInit(
        "0 0",
        "",
        "REMORA_SERVER=dns:///localhost:" + pool.server("a").replaceAll(".*:", ""),
        "REMORA_CLASS=batch");
  }

  @Test
  void whatThePoolSaysIsTold() throws Exception {
    // The one that was never heard of might have it.
    expectInit(
        "46 46",
        "remora: The pool gives no device: no member of the pool has room: .*\n",
        "REMORA_LABELS=zone=near",
        "REMORA_WAIT=0s");
    expectInit(
        "46 46",
        "remora: The pool gives no device: the memory .* not 'much'\n",
        "REMORA_MEMORY=much");
    expectInit(
        "800 800", "remora: The server .* refused the token: .*\n", "REMORA_TOKEN=rmr_wrong");
    expectInit(
        "100 100",
        "remora: None of the servers in REMORA_SERVER finds a place. The last one: The server"
            + " 127.0.0.1:\\d+ can't be reached.*\n",
        "REMORA_SERVER=" + pool.server("gone") + ",");
  }

  @Test
  void whoWaitsInLineIsToldItsPlace() throws Exception {
    try (AdminClient first = pool.admin("a");
        AdminClient second = pool.admin("b")) {
      for (AdminClient each : List.of(first, second)) {
        each.drainServer(DrainServerRequest.getDefaultInstance());
      }
      ProcessBuilder command = build.command(scenarios, "init");
      command.environment().putAll(pool.environment("alice"));
      try (ShimProcess process = ShimProcess.start(command)) {
        while (!process.errorText().contains("Waiting for a device of the pool: 1 in line.")) {
          assertThat(process.isRunning()).as(process.errorText()).isTrue();
        }
        first.drainServer(DrainServerRequest.newBuilder().setUndo(true).build());
        assertThat(process.awaitEnd()).containsExactly("0 0");
      } finally {
        second.drainServer(DrainServerRequest.newBuilder().setUndo(true).build());
      }
      pool.awaitMembers("a", "a", "b");
      pool.awaitMembers("b", "a", "b");
    }
  }

  private ProcessBuilder onAllDevices(String... more) {
    List<String> arguments = new ArrayList<>();
    arguments.add(Path.of("src", "main", "cuda", "small.ptx").toAbsolutePath().toString());
    arguments.add("4");
    arguments.addAll(List.of(more));
    ProcessBuilder command = build.command(several, arguments.toArray(String[]::new));
    command.environment().putAll(pool.environment("alice", "REMORA_GPUS=4"));
    return command;
  }

  @Test
  void devicesOfSeveralServersAreOneMachine() throws Exception {
    Path stats = folder.resolve("several.stats");
    ProcessBuilder command = onAllDevices();
    command.environment().put("REMORA_STATS_FILE", stats.toString());
    try (ShimProcess process = ShimProcess.start(command)) {
      assertThat(process.awaitEnd()).as(process.errorText()).containsExactly("good");
    }
    // The program itself brings 69 MB and fetches 73 MB; what goes between servers isn't in it.
    assertThat(Files.readAllLines(stats))
        .contains("servers 2", "direct_copies 13", "direct_bytes 68210323")
        .anySatisfy(line -> assertThat(line).matches("bridged_bytes \\d{5}"))
        .anySatisfy(line -> assertThat(line).matches("bridged_small \\d\\d"))
        .anySatisfy(line -> assertThat(line).matches("bytes_sent 6\\d{7}"))
        .anySatisfy(line -> assertThat(line).matches("bytes_received 7\\d{7}"))
        .noneSatisfy(line -> assertThat(line).matches("bridged_(?!small|copies|bytes).*"));
  }

  @Test
  void devicesOfSeveralServersAreOneMachineToAJavaProgram() throws Exception {
    AcrossStats across;
    try (RemoteCuda cuda = pool.connect("alice", "REMORA_GPUS=3")) {
      assertThat(cuda.servers()).containsExactlyInAnyOrder(pool.server("a"), pool.server("b"));
      SeveralDevices devices = new SeveralDevices(cuda);
      assertThat(devices.count()).isEqualTo(3);
      devices.useEach();
      devices.copyAll();
      devices.copyMuch();
      devices.copyRows();
      devices.goAround();
      devices.useWhatServersHave();
      devices.expectNoMixing();
      devices.faultOnLast();
      across = cuda.stats().across();
    }
    assertThat(across.servers()).isEqualTo(2);
    // All that is large goes from server to server: twelve ranges, and the rows.
    assertThat(across.directCopies()).isEqualTo(13);
    assertThat(across.directBytes()).isEqualTo(7L * SeveralDevices.LARGE + 5 * 70_000 + 300 * 900);
    assertThat(across.detours()).containsOnlyKeys(Detour.SMALL);
    assertThat(across.bridgedCopies()).isBetween(20L, 40L);
    for (String member : List.of("a", "b")) {
      awaitNothingLeft(member);
    }
  }

  private void awaitNothingLeft(String member) {
    Await.success(
        () -> {
          try (AdminClient admin = pool.admin(member)) {
            assertThat(admin.state().getSessionsList()).isEmpty();
            assertThat(admin.state().getDevicesList())
                .isNotEmpty()
                .allSatisfy(device -> assertThat(device.getMemoryUsedBytes()).isZero());
          }
          return true;
        });
  }

  @Test
  void theCommandLineSaysWhichServerHasWhichDevice() {
    try (JavaProcess process =
        JavaProcess.start(
            List.of(),
            "io.remora.cli.Main",
            List.of("devices"),
            pool.environment("alice", "REMORA_GPUS=3"),
            folder.resolve("devices.log"))) {
      List<String> servers = new ArrayList<>();
      for (int device = 0; device < 3; device++) {
        servers.add(serverIn(process.awaitLine("127.0.0.1:", COMMAND_TIME_MAX)));
      }
      // Of the first or the last server there are two.
      assertThat(List.of(servers.get(0), servers.get(2)))
          .containsExactlyInAnyOrder(pool.server("a"), pool.server("b"));
      assertThat(servers.get(1)).isIn(servers.get(0), servers.get(2));
      assertThat(process.awaitExit()).as(process.errorText()).isZero();
    }
  }

  private static String serverIn(String row) {
    return row.replaceAll(".*(127\\.0\\.0\\.1:\\d+).*", "$1");
  }

  @Test
  void whenOneServerIsLostOnlyItsCallsFail() throws Exception {
    String last = "b";
    try (ShimProcess process = ShimProcess.start(onAllDevices("lost"))) {
      assertThat(process.nextLine()).isEqualTo("ready");
      last = pool.whoHasMore("several", 8 << 20, "a", "b");
      pool.stop(last);
      process.endInput();
      assertThat(process.awaitEnd()).as(process.errorText()).containsExactly("good");
      assertThat(process.errorText()).contains("The connection to the server " + pool.server(last));
    } finally {
      pool.stop(last);
      pool.start(last);
      pool.awaitMembers("a", "a", "b");
      pool.awaitMembers("b", "a", "b");
    }
  }
}
