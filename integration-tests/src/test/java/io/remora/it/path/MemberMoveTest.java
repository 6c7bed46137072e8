// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.it.pool.PoolMembers;
import io.remora.it.pool.Proxy;
import io.remora.it.process.Await;
import io.remora.it.remote.DeviceAddress;
import io.remora.v1.DrainServerRequest;
import io.remora.v1.MoveSessionReply;
import io.remora.v1.MoveSessionRequest;
import io.remora.v1.SessionState;
import io.remora.v1.TenantState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** A session is moved to another member of the pool under a program that goes on. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MemberMoveTest {
  private static final Duration TIME_MAX = Duration.ofSeconds(20);

  private PoolMembers pool;

  /** Before b: ends its connections when a test wants that. */
  private Proxy way;

  private static final long BETWEEN_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  @BeforeAll
  void startMembers(@TempDir Path folder) throws Exception {
    // The last one never runs.
    pool = new PoolMembers(folder, "a", "b", "c");
    pool.tenant("alice", 20);
    pool.tenant("narrow", 1);
    way = new Proxy(pool.port("b"));
    pool.write(
        """
        name: rack
        token_file: pool.token
        members:
          - {name: a, server: '%s'}
          - {name: b, server: '127.0.0.1:%d'}
        """
            .formatted(pool.server("a"), way.port()));
    pool.start("a");
    pool.start("b");
    pool.awaitMembers("a", "a", "b");
    pool.awaitMembers("b", "a", "b");
  }

  @AfterAll
  void stopMembers() throws Exception {
    pool.close();
    way.close();
  }

  private TestSession session(String tenant, String member) throws ConnectionException {
    return new TestSession(pool.settings(tenant, member));
  }

  private static MoveSessionRequest request(TestSession session, String to) {
    return MoveSessionRequest.newBuilder()
        .setId(session.cuda().welcome().getSessionId())
        .setMember(to)
        .build();
  }

  private MoveSessionReply move(TestSession session, String from, String to)
      throws ConnectionException {
    try (AdminClient admin = pool.admin(from)) {
      long end = System.nanoTime() + TIME_MAX.toNanos();
      while (true) {
        try {
          return admin.moveSession(request(session, to));
        } catch (ConnectionException refused) {
          // A session that has come from elsewhere waits for its client first.
          if (System.nanoTime() > end
              || !String.valueOf(refused.getMessage()).contains("has just come")) {
            throw refused;
          }
          LockSupport.parkNanos(BETWEEN_NANOS);
        }
      }
    }
  }

  private String refusal(TestSession session, String from, String to) {
    ConnectionException refused =
        catchThrowableOfType(ConnectionException.class, () -> move(session, from, to));
    assertThat(refused).isNotNull();
    return String.valueOf(refused.getMessage());
  }

  /** Waits until a member has just these sessions of a tenant, and holds memory only for them. */
  private void awaitSessions(String member, String tenant, TestSession... sessions) {
    List<String> ids =
        List.of(sessions).stream().map(each -> each.cuda().welcome().getSessionId()).toList();
    Await.success(
        TIME_MAX,
        () -> {
          try (AdminClient admin = pool.admin(member)) {
            var state = admin.state();
            assertThat(state.getSessionsList())
                .filteredOn(each -> each.getTenant().equals(tenant))
                .extracting(SessionState::getId)
                .containsExactlyInAnyOrderElementsOf(ids);
            assertThat(state.getTenantsList())
                .filteredOn(each -> each.getName().equals(tenant))
                .extracting(TenantState::getMemoryUsedBytes)
                .allSatisfy(bytes -> assertThat(bytes > 0).isEqualTo(!ids.isEmpty()));
          }
          return true;
        });
  }

  @Test
  void aProgramKeepsItsPointersAndHandlesOnOtherServers() throws Exception {
    try (TestSession session = session("alice", "a")) {
      MovedProgram program = new MovedProgram(session);
      program.goOn();
      MoveSessionReply there = move(session, "a", "b");
      assertThat(there.getServer()).isEqualTo("127.0.0.1:" + way.port());
      assertThat(there.getBytes()).isGreaterThan(MovedProgram.BYTES);
      program.goOn();
      awaitSessions("a", "alice");
      awaitSessions("b", "alice", session);
      assertThat(refusal(session, "b", "b")).contains("is on 'b' already");
      assertThat(refusal(session, "b", "c")).contains("no member 'c'");
      for (String[] way : new String[][] {{"b", "a"}, {"a", "b"}, {"b", "a"}}) {
        MoveSessionReply unused = move(session, way[0], way[1]);
        program.goOn();
      }
      program.end();
    }
    awaitSessions("a", "alice");
    awaitSessions("b", "alice");
  }

  @Test
  void aPartOfAMachineMovesToTheServerOfAnother() throws Exception {
    try (AdminClient admin = pool.admin("a");
        TestSession session =
            new TestSession(List.of(pool.settings("alice", "b"), pool.settings("alice", "a")))) {
      DeviceAddress first = session.allocateZeros(Integer.BYTES);
      session.writeInt(first, 6);
      session.enter(2);
      MovedProgram program = new MovedProgram(session);
      program.goOn();
      MoveSessionReply there =
          admin.moveSession(
              MoveSessionRequest.newBuilder()
                  .setId(session.cuda().sessionOf(2))
                  .setMember("b")
                  .build());
      assertThat(there.getBytes()).isGreaterThan(MovedProgram.BYTES);
      program.goOn();
      DeviceAddress copy = session.allocateZeros(Integer.BYTES);
      session.expectSuccess(session.cuda().cuMemcpyDtoD(copy, first, Integer.BYTES));
      assertThat(session.readInt(copy)).isEqualTo(6);
      program.end();
    }
    awaitSessions("a", "alice");
    awaitSessions("b", "alice");
  }

  @Test
  void aBusyProgramIsMovedWithoutALostOrDoubledLaunch() throws Exception {
    try (TestSession session = session("alice", "a")) {
      BusyProgram busy = new BusyProgram(session);
      for (int i = 0; i < 8 && busy.isRunning(); i++) {
        MoveSessionReply unused = i % 2 == 0 ? move(session, "a", "b") : move(session, "b", "a");
      }
      busy.end();
    }
  }

  @Test
  void aClientThatIsAwayWhileItsSessionMovesIsSentOn() throws Exception {
    try (Proxy own = new Proxy(pool.port("a"));
        TestSession session = new TestSession(pool.settingsAt("alice", "127.0.0.1:" + own.port()));
        AdminClient admin = pool.admin("a")) {
      DeviceAddress value = session.allocateZeros(Integer.BYTES);
      session.writeInt(value, 5);
      own.endAfter(0);
      CompletableFuture<Integer> read =
          CompletableFuture.supplyAsync(
              () -> {
                session.enter();
                return session.readInt(value);
              });
      awaitClientIsAway(admin);
      MoveSessionReply unused = admin.moveSession(request(session, "b"));
      assertThat(read).isNotDone();
      own.endAfter(Long.MAX_VALUE);
      assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo(5);
      awaitSessions("b", "alice", session);
    }
  }

  private static void awaitClientIsAway(AdminClient admin) {
    Await.success(
        TIME_MAX,
        () -> {
          assertThat(admin.state().getSessionsList())
              .anyMatch(each -> each.getDetachedUnixMillis() != 0);
          return true;
        });
  }

  @Test
  void aClientThatIsAwayWhileItsServerStopsFindsItsSession() throws Exception {
    try (Proxy own = new Proxy(pool.port("a"));
        TestSession session =
            new TestSession(
                pool.settingsAt("alice", "127.0.0.1:" + own.port())
                    .withElsewhere(
                        List.of("127.0.0.1:" + own.port(), pool.server("c"), pool.server("b"))))) {
      DeviceAddress value = session.allocateZeros(Integer.BYTES);
      session.writeInt(value, 5);
      try (AdminClient admin = pool.admin("a")) {
        own.endAfter(0);
        CompletableFuture<Integer> read =
            CompletableFuture.supplyAsync(
                () -> {
                  session.enter();
                  return session.readInt(value);
                });
        awaitClientIsAway(admin);
        pool.stop("a", TIME_MAX);
        assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo(5);
      }
      awaitSessions("b", "alice", session);
    } finally {
      pool.stop("a");
      pool.start("a");
      pool.awaitMembers("b", "a", "b");
    }
  }

  @Test
  void aMemberThatIsCutOffInTheMidstOfAMoveLeavesTheSessionWhereItIs() throws Exception {
    try (TestSession session = session("alice", "a")) {
      MovedProgram program = new MovedProgram(session);
      DeviceAddress more = session.allocateZeros(24 << 20);
      way.endAfter(10 << 20);
      assertThat(refusal(session, "a", "b")).contains("stays where it is", "b doesn't take it");
      program.goOn();
      awaitSessions("a", "alice", session);
      way.endAfter(Long.MAX_VALUE);
      awaitSessions("b", "alice");
      pool.awaitMembers("a", "a", "b");
      MoveSessionReply unused = move(session, "a", "b");
      program.goOn();
      assertThat(session.readInt(more)).isZero();
      program.end();
    }
  }

  @Test
  void aMemberWithoutRoomRefusesAndTheSessionGoesOn() throws Exception {
    try (TestSession there = session("alice", "b");
        TestSession session = session("alice", "a");
        TestSession narrow = session("narrow", "a")) {
      DeviceAddress taken = there.allocateZeros(50 << 20);
      DeviceAddress own = session.allocateZeros(20 << 20);
      assertThat(refusal(session, "a", "b")).contains("stays where it is");
      assertThat(session.readInt(own)).isZero();
      assertThat(there.readInt(taken)).isZero();
      // Its one session is counted here and there while it moves.
      DeviceAddress kept = narrow.allocateZeros(Integer.BYTES);
      narrow.writeInt(kept, 5);
      MoveSessionReply unused = move(narrow, "a", "b");
      assertThat(narrow.readInt(kept)).isEqualTo(5);
    }
  }

  @Test
  void aDrainedMembersSessionsGoOnAtAnother() throws Exception {
    try (TestSession first = session("alice", "a");
        TestSession second = session("alice", "a");
        AdminClient admin = pool.admin("a")) {
      DeviceAddress inFirst = first.allocateZeros(Integer.BYTES);
      first.writeInt(inFirst, 5);
      DeviceAddress inSecond = second.allocateZeros(Integer.BYTES);
      second.writeInt(inSecond, 6);
      try {
        assertThat(admin.drainServer(DrainServerRequest.getDefaultInstance()).getSessions())
            .isGreaterThanOrEqualTo(2);
        awaitSessions("a", "alice");
        awaitSessions("b", "alice", first, second);
        assertThat(first.readInt(inFirst)).isEqualTo(5);
        assertThat(second.readInt(inSecond)).isEqualTo(6);
      } finally {
        admin.drainServer(DrainServerRequest.newBuilder().setUndo(true).build());
      }
      pool.awaitMembers("b", "a", "b");
    }
  }

  @Test
  void aStoppingMembersSessionsGoOnAtAnother() throws Exception {
    try (TestSession session = session("alice", "a")) {
      MovedProgram program = new MovedProgram(session);
      pool.stop("a", TIME_MAX);
      program.goOn();
      awaitSessions("b", "alice", session);
      pool.start("a");
      pool.awaitMembers("b", "a", "b");
      program.end();
    }
  }
}
