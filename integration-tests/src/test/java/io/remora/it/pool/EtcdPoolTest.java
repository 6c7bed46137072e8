// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.remora.client.ConnectionException;
import io.remora.client.RemoteCuda;
import io.remora.it.process.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** Two members that find each other in a real etcd; the way of one of them can be cut. */
@Isolated("Leases end after 2 s, also where the processors are busy.")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdPoolTest {
  private static final int SESSIONS_MAX = 3;

  private PoolMembers pool;
  private EtcdProcess etcd;
  private Proxy proxy;

  @BeforeAll
  void startMembers(@TempDir Path folder) throws Exception {
    etcd = EtcdProcess.orSkip(folder);
    proxy = new Proxy(etcd.port());
    pool = new PoolMembers(folder, "a", "b");
    pool.tenant("alice", SESSIONS_MAX);
    write(folder.resolve("pool-a.yaml"), proxy.port());
    write(folder.resolve("pool-b.yaml"), etcd.port());
    pool.start("a", "pool-a.yaml");
    pool.start("b", "pool-b.yaml");
    pool.awaitMembers("a", "a", "b");
    pool.awaitMembers("b", "a", "b");
  }

  private static void write(Path file, int port) throws Exception {
    Files.writeString(
        file,
        """
        name: shared
        token_file: pool.token
        etcd: {endpoints: "http://127.0.0.1:%d", lease: 2s}
        """
            .formatted(port));
  }

  @AfterAll
  void stopMembers() throws Exception {
    if (pool != null) {
      pool.close();
      proxy.close();
      etcd.close();
    }
  }

  private RemoteCuda open(String member) throws ConnectionException {
    return pool.connect("alice", "REMORA_SERVER=" + pool.server(member), "REMORA_GPUS=1");
  }

  private String refusal(String member) {
    ConnectionException refused =
        catchThrowableOfType(ConnectionException.class, () -> open(member).close());
    assertThat(refused).isNotNull();
    return String.valueOf(refused.getMessage());
  }

  /** A question that only a living session answers. */
  private static void expectAlive(RemoteCuda session) {
    long[] free = new long[1];
    CUdevice device = new CUdevice();
    assertThat(session.cuInit(0)).isZero();
    assertThat(session.cuDeviceGet(device, 0)).isZero();
    var context = new CUcontext();
    assertThat(session.cuDevicePrimaryCtxRetain(context, device)).isZero();
    assertThat(session.cuCtxSetCurrent(context)).isZero();
    assertThat(session.cuMemGetInfo(free, new long[1])).isZero();
    assertThat(session.cuCtxSynchronize()).isZero();
  }

  private @Nullable RemoteCuda attempt(int number) {
    try {
      return open(number % 2 == 0 ? "a" : "b");
    } catch (ConnectionException e) {
      assertThat(e).hasMessageContaining(SESSIONS_MAX + " sessions in the pool");
      return null;
    }
  }

  private void awaitRoomFor(int sessions) {
    Await.success(
        () -> {
          List<RemoteCuda> opened = new ArrayList<>();
          try {
            for (int i = 0; i < sessions; i++) {
              opened.add(open("b"));
            }
          } finally {
            opened.forEach(RemoteCuda::close);
          }
          return true;
        });
  }

  @Test
  void aLimitHoldsExactlyThoughAllComeAtOnce() throws Exception {
    awaitRoomFor(SESSIONS_MAX);
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<RemoteCuda> opened = new ArrayList<>();
    try {
      Await.success(
          () -> {
            List<CompletableFuture<@Nullable RemoteCuda>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
              int number = i;
              all.add(CompletableFuture.supplyAsync(() -> attempt(number), threads));
            }
            for (CompletableFuture<@Nullable RemoteCuda> each : all) {
              RemoteCuda session = each.get();
              if (session != null) {
                opened.add(session);
              }
            }
            assertThat(opened).hasSize(SESSIONS_MAX);
            return true;
          });
      assertThat(refusal("a")).contains(SESSIONS_MAX + " sessions in the pool");
      assertThat(refusal("b")).contains(SESSIONS_MAX + " sessions in the pool");
    } finally {
      opened.forEach(RemoteCuda::close);
      threads.shutdown();
    }
  }

  @Test
  void aMemberThatIsCutOffLeavesThePoolAndKeepsItsSessions() throws Exception {
    awaitRoomFor(SESSIONS_MAX);
    List<RemoteCuda> onB = new ArrayList<>();
    // What ended a moment ago may still be counted.
    try (RemoteCuda onA = Await.success(() -> open("a", "a"))) {
      proxy.cut();
      pool.awaitMembers("b", "b");
      expectAlive(onA);
      assertThat(Await.success(() -> requireUnavailable("a")))
          .contains("the pool's registry can't be reached");
      // What the member held of the limit is free as when it had died.
      for (int i = 0; i < SESSIONS_MAX; i++) {
        onB.add(Await.success(() -> open("b")));
      }
      assertThat(refusal("b")).contains("sessions in the pool");
      proxy.heal();
      pool.awaitMembers("a", "a", "b");
      pool.awaitMembers("b", "a", "b");
      expectAlive(onA);
      onB.remove(0).close();
      Await.success(
          () -> {
            assertThat(refusal("b")).as("the one on a counts again").contains("in the pool");
            return true;
          });
    } finally {
      onB.forEach(RemoteCuda::close);
      proxy.heal();
    }
  }

  private RemoteCuda open(String asked, String member) throws ConnectionException {
    return pool.connect(
        "alice", "REMORA_SERVER=" + pool.server(asked), "REMORA_LABELS=member=" + member);
  }

  private String requireUnavailable(String member) {
    String refusal = refusal(member);
    assertThat(refusal).contains("registry");
    return refusal;
  }

  @Test
  void sessionsDontNeedEtcd() throws Exception {
    awaitRoomFor(SESSIONS_MAX);
    // What ended a moment ago may still be counted.
    try (RemoteCuda session = Await.success(() -> open("b", "b"))) {
      etcd.kill();
      assertThat(Await.success(() -> requireUnavailable("b"))).contains("running sessions go on");
      ConnectionException direct =
          catchThrowableOfType(
              ConnectionException.class,
              () -> pool.connect("alice", "REMORA_SERVER=" + pool.server("b")).close());
      assertThat(direct).hasMessageContaining("registry can't be reached");
      expectAlive(session);
      etcd.start();
      pool.awaitMembers("a", "a", "b");
      pool.awaitMembers("b", "a", "b");
      expectAlive(session);
      awaitRoomFor(SESSIONS_MAX - 1);
    }
  }
}
