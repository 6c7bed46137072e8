// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.remora.client.AcrossStats;
import io.remora.client.Detour;
import io.remora.client.RemoteCuda;
import io.remora.it.pool.PoolMembers;
import io.remora.it.pool.PoolQuestions;
import io.remora.v1.MembersGrpc;
import io.remora.v1.ReadRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies between two servers of which one knows the other by an address where nobody is. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class DirectCopyTest {
  private PoolMembers pool;
  private ShimBuild build;
  private Path several;
  private Path folder;

  @BeforeAll
  void startMembers(@TempDir Path given) throws Exception {
    folder = given;
    build = ShimBuild.product(folder);
    several = build.program("several");
    pool = new PoolMembers(folder, "a", "b", "nobody");
    pool.tenant("alice", 20);
    pool.list("", Map.of());
    Files.writeString(
        folder.resolve("blind.yaml"),
        """
        name: rack
        token_file: pool.token
        members:
          - {name: a, server: "%s"}
          - {name: b, server: "%s"}
        """
            .formatted(pool.server("nobody"), pool.server("b")));
    pool.start("a");
    pool.start("b", "blind.yaml");
    pool.awaitMembers("a", "a", "b");
    pool.awaitMembers("b", "b");
  }

  @AfterAll
  void stopMembers() {
    pool.close();
  }

  @Test
  void whatCantGoDirectlyGoesThroughTheClientWhichSaysSo() throws Exception {
    Path stats = folder.resolve("several.stats");
    ProcessBuilder command =
        build.command(
            several, Path.of("src", "main", "cuda", "small.ptx").toAbsolutePath().toString(), "4");
    command
        .environment()
        .putAll(
            pool.environment(
                "alice",
                "REMORA_GPUS=4",
                "REMORA_SERVER=" + pool.server("a"),
                "REMORA_STATS_FILE=" + stats));
    try (ShimProcess process = ShimProcess.start(command)) {
      assertThat(process.awaitEnd()).as(process.errorText()).containsExactly("good");
    }
    // Only b doesn't reach the other; which of them is first is the pool's choice.
    assertThat(Files.readAllLines(stats))
        .contains("servers 2")
        .anySatisfy(line -> assertThat(line).matches("direct_bytes [1-9]\\d{7}"))
        .anySatisfy(line -> assertThat(line).matches("bridged_bytes [1-9]\\d{7}"))
        .anySatisfy(line -> assertThat(line).matches("bridged_unreachable (2|11)"));
  }

  @Test
  void aJavaProgramIsToldTheSame() throws Exception {
    try (RemoteCuda cuda =
        pool.connect("alice", "REMORA_GPUS=4", "REMORA_SERVER=" + pool.server("a"))) {
      SeveralDevices devices = new SeveralDevices(cuda);
      devices.copyMuch();
      devices.copyRows();
      AcrossStats across = cuda.stats().across();
      assertThat(across.directBytes()).isPositive();
      assertThat(across.detours()).containsOnlyKeys(Detour.UNREACHABLE);
      assertThat(across.detours().get(Detour.UNREACHABLE)).isIn(2L, 11L);
      assertThat(across.bridgedCopies() + across.directCopies()).isEqualTo(13);
    }
  }

  private void expectRefused(ReadRequest request, String token, String why) {
    assertThatThrownBy(
            () ->
                PoolQuestions.ask(
                    pool.server("a"),
                    pool.environment("alice"),
                    token,
                    channel ->
                        MembersGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(20, TimeUnit.SECONDS)
                            .read(request)
                            .hasNext()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            refused -> {
              assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
              assertThat(refused.getStatus().getDescription()).contains(why);
            });
  }

  @Test
  void nobodyReadsWithoutAGoodTicket() {
    ReadRequest request = ReadRequest.newBuilder().setPool("rack").setTenant("alice").build();
    expectRefused(request, PoolMembers.TOKEN, "none of this server's");
    byte[] unknown = new byte[57];
    unknown[0] = 1;
    expectRefused(
        request.toBuilder().setTicket(ByteString.copyFrom(unknown)).build(),
        PoolMembers.TOKEN,
        "used or taken back");
    expectRefused(request.toBuilder().setPool("other").build(), PoolMembers.TOKEN, "another pool");
    for (String wrong : List.of("", "f".repeat(32))) {
      expectRefused(request, wrong, "pool's token");
    }
  }
}
