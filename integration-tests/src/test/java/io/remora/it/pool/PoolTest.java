// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.RemoteCuda;
import io.remora.it.process.Await;
import io.remora.v1.DrainDeviceRequest;
import io.remora.v1.DrainServerRequest;
import io.remora.v1.MembersReply;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Three members with a list of each other, and what clients and operators see of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PoolTest {
  private static final String HEAD =
      "policy: spread\ntenants: [{name: narrow, sessions: 1, wait: 30s, span: false}]\n";

  private PoolMembers pool;

  @BeforeAll
  void startMembers(@TempDir Path folder) throws Exception {
    pool = new PoolMembers(folder, "a", "b", "c");
    pool.tenant("alice", 20);
    pool.tenant("narrow", 20);
    pool.list(HEAD, Map.of("c", "labels: {zone: far}, classes: [batch], sessions: 1"));
    for (String name : List.of("a", "b", "c")) {
      pool.start(name);
    }
    pool.awaitMembers("a", "a", "b", "c");
    pool.awaitMembers("b", "a", "b", "c");
  }

  @AfterAll
  void stopMembers() {
    pool.close();
  }

  private MembersReply members(String asked) throws ConnectionException {
    try (AdminClient admin = pool.admin(asked)) {
      return admin.members();
    }
  }

  /** Waits until no member has anything of an earlier test, and the first knows it. */
  private void awaitIdle() {
    Await.success(
        () -> {
          assertThat(members("a").getMembersList())
              .allSatisfy(
                  member ->
                      assertThat(member.getState().getDevicesList())
                          .isNotEmpty()
                          .allSatisfy(
                              device -> {
                                assertThat(device.getSessions()).isZero();
                                assertThat(device.getRecent()).isZero();
                              }));
          return true;
        });
  }

  private String refusal(String tenant, String... variables) {
    ConnectionException refused =
        catchThrowableOfType(
            ConnectionException.class, () -> pool.connect(tenant, variables).close());
    assertThat(refused).isNotNull();
    return String.valueOf(refused.getMessage());
  }

  @Test
  void sessionsAreSpreadAndGetTheDevicesThatTheyAskedFor() throws Exception {
    awaitIdle();
    List<String> servers = new ArrayList<>();
    try (RemoteCuda one = pool.connect("alice");
        RemoteCuda two = pool.connect("alice", "REMORA_GPUS=2", "REMORA_MEMORY=8MiB")) {
      servers.add(one.server());
      servers.add(two.server());
      assertThat(one.welcome().getDevicesCount()).isEqualTo(1);
      assertThat(two.welcome().getDevicesCount()).isEqualTo(2);
    }
    assertThat(servers).containsExactlyInAnyOrder(pool.server("a"), pool.server("b"));
  }

  @Test
  void labelsAndClassesChooseTheMember() throws Exception {
    awaitIdle();
    try (RemoteCuda far = pool.connect("alice", "REMORA_LABELS=zone=far", "REMORA_CLASS=batch")) {
      assertThat(far.server()).isEqualTo(pool.server("c"));
    }
    assertThat(refusal("alice", "REMORA_LABELS=zone=near"))
        .contains("no member has the label zone=near");
    assertThat(refusal("narrow", "REMORA_GPUS=3")).contains("this session lies on one server");
    assertThat(refusal("alice", "REMORA_MEMORY=8GiB")).contains("1 devices of 8GiB");
  }

  @Test
  void memoryThatWasPromisedIsNotPromisedAgain() throws Exception {
    awaitIdle();
    try (RemoteCuda one = pool.connect("alice", "REMORA_MEMORY=60MiB", "REMORA_GPUS=2");
        RemoteCuda two = pool.connect("alice", "REMORA_MEMORY=60MiB", "REMORA_GPUS=2")) {
      assertThat(one.server()).isNotEqualTo(two.server());
      assertThat(refusal("alice", "REMORA_MEMORY=60MiB"))
          .contains("no member of the pool has room");
    }
    Await.success(
        () -> {
          pool.connect("alice", "REMORA_MEMORY=60MiB").close();
          return true;
        });
  }

  @Test
  void whoIsAtItsLimitInThePoolWaitsInLine() throws Exception {
    awaitIdle();
    CompletableFuture<String> second;
    try (RemoteCuda first = pool.connect("narrow")) {
      assertThat(refusal("narrow", "REMORA_WAIT=0s")).contains("1 sessions in the pool");
      second =
          CompletableFuture.supplyAsync(
              () -> {
                try (RemoteCuda waited = pool.connect("narrow")) {
                  return waited.server();
                } catch (ConnectionException e) {
                  throw new CompletionException(e);
                }
              });
      Await.success(
          () -> {
            assertThat(members("a").getWaiting() + members("b").getWaiting()).isEqualTo(1);
            return true;
          });
      assertThat(second).isNotDone();
      assertThat(first.cuInit(0)).isZero();
    }
    assertThat(second.get()).startsWith("127.0.0.1:");
  }

  @Test
  void aDrainedMemberGetsNoSessionsAndItsOwnGoOn() throws Exception {
    try (AdminClient admin = pool.admin("a");
        RemoteCuda onA = pool.connect("alice", "REMORA_SERVER=" + pool.server("a"))) {
      assertThat(admin.drainServer(DrainServerRequest.getDefaultInstance()).getSessions())
          .isPositive();
      assertThat(refusal("alice", "REMORA_SERVER=" + pool.server("a")))
          .contains("this server is drained", "several servers in REMORA_SERVER");
      for (int i = 0; i < 3; i++) {
        try (RemoteCuda other = pool.connect("alice")) {
          assertThat(other.server()).isEqualTo(pool.server("b"));
        }
      }
      assertThat(onA.cuInit(0)).isZero();
      Await.success(
          () -> {
            assertThat(admin.state().getDrained()).isTrue();
            return true;
          });
      admin.drainServer(DrainServerRequest.newBuilder().setGraceMillis(0).build());
      Await.success(
          () -> {
            assertThat(admin.state().getSessionsCount()).isZero();
            return true;
          });
      admin.drainServer(DrainServerRequest.newBuilder().setUndo(true).build());
      Await.success(
          () -> {
            try (RemoteCuda back = pool.connect("alice", "REMORA_LABELS=member=a")) {
              assertThat(back.server()).isEqualTo(pool.server("a"));
            }
            return true;
          });
    }
  }

  @Test
  void aDrainedDeviceIsNotPlacedOn() throws Exception {
    try (AdminClient admin = pool.admin("b")) {
      admin.drainDevice(DrainDeviceRequest.newBuilder().setOrdinal(0).build());
      assertThat(refusal("alice", "REMORA_LABELS=member=b", "REMORA_GPUS=2"))
          .contains("no member of the pool has room");
      try (RemoteCuda one = pool.connect("alice", "REMORA_LABELS=member=b")) {
        assertThat(one.server()).isEqualTo(pool.server("b"));
      }
      admin.drainDevice(DrainDeviceRequest.newBuilder().setOrdinal(0).setUndo(true).build());
    }
  }

  @Test
  void aChangedFileIsFeltAndABrokenOneIsNot() throws Exception {
    pool.list(
        HEAD, Map.of("b", "labels: {rack: two}", "c", "labels: {zone: far}, classes: [batch]"));
    Await.success(
        () -> {
          try (RemoteCuda labelled = pool.connect("alice", "REMORA_LABELS=rack=two")) {
            assertThat(labelled.server()).isEqualTo(pool.server("b"));
          }
          return true;
        });
    pool.write("name: other\n");
    pool.connect("alice", "REMORA_LABELS=rack=two").close();
    pool.list(HEAD, Map.of("c", "labels: {zone: far}, classes: [batch], sessions: 1"));
  }

  @Test
  void aMemberThatIsGoneIsNoticedAndComesBack() throws Exception {
    pool.stop("c");
    pool.awaitMembers("a", "a", "b");
    pool.awaitMembers("b", "a", "b");
    assertThat(refusal("alice", "REMORA_LABELS=zone=far", "REMORA_CLASS=batch"))
        .contains("no member of the pool has room");
    // A client asks the next server where the first that it names is gone.
    try (RemoteCuda other =
        pool.connect("alice", "REMORA_SERVER=" + pool.server("c") + "," + pool.server("b"))) {
      assertThat(other.cuInit(0)).isZero();
    }
    pool.start("c");
    pool.awaitMembers("a", "a", "b", "c");
    Await.success(
        () -> {
          pool.connect("alice", "REMORA_LABELS=zone=far", "REMORA_CLASS=batch").close();
          return true;
        });
  }

  @Test
  void onlyMembersAskMembers() throws Exception {
    assertThat(PoolQuestions.reserveWithout(pool.server("a"), pool.environment("alice")))
        .isEqualTo("PERMISSION_DENIED");
  }
}
