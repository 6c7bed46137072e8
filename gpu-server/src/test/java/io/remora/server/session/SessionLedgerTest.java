// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.queue.QueueConfig;
import io.remora.server.session.generated.Calls;
import io.remora.server.tenant.MemoryLedger;
import io.remora.server.tenant.TenantAccount.Kind;
import io.remora.v1.CuCtxCreate;
import io.remora.v1.CuCtxDestroy;
import io.remora.v1.CuEventDestroy;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemAllocAsync;
import io.remora.v1.CuModuleUnload;
import io.remora.v1.CuStreamDestroy;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;

/**
 * The tenant's account is exact whatever its sessions do: they allocate, free, load, run, create
 * and destroy in any order, their devices lag behind, and they die in the middle of it.
 */
final class SessionLedgerTest {
  private static final int STEPS = 400;
  private static final int SESSIONS = 3;

  private final long seed = Long.getLong("seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);
  private final MemoryLedger ledger = new MemoryLedger(SessionHarness.QUOTA_BYTES);
  private final ManualDriver driver = new ManualDriver(1);
  private final ModuleImageCache images = new ModuleImageCache(1 << 20, 1 << 19);

  /** One session and what its client believes to hold. */
  private final class Member {
    final SessionHarness harness =
        new SessionHarness(driver, QueueConfig.DEFAULTS, SessionLimits.DEFAULTS, ledger, images);
    final ManualDomain domain = driver.domains.get(driver.domains.size() - 1);
    final TestCalls calls = new TestCalls(harness);
    final List<Long> allocations = new ArrayList<>();
    final List<Long> modules = new ArrayList<>();
    final List<Long> streams = new ArrayList<>();
    final List<Long> events = new ArrayList<>();
    final List<Long> contexts = new ArrayList<>();

    void step() {
      switch (random.nextInt(12)) {
        case 0, 1, 2 -> allocate();
        case 3, 4 -> {
          if (!allocations.isEmpty()) {
            calls.free(take(allocations));
          }
        }
        case 5 -> load();
        case 6 -> {
          if (!modules.isEmpty()) {
            harness.call(
                Calls.CU_MODULE_UNLOAD, CuModuleUnload.newBuilder().setHmod(take(modules)).build());
          }
        }
        case 7 -> streams.add(calls.stream(random.nextInt(2)));
        case 8 -> {
          if (!streams.isEmpty()) {
            harness.call(
                Calls.CU_STREAM_DESTROY,
                CuStreamDestroy.newBuilder().setHStream(take(streams)).build());
          }
        }
        case 9 -> {
          events.add(calls.event());
          if (events.size() > 4) {
            harness.call(
                Calls.CU_EVENT_DESTROY,
                CuEventDestroy.newBuilder().setHEvent(take(events)).build());
          }
        }
        case 10 -> context();
        default -> domain.run();
      }
    }

    private void allocate() {
      long bytes = 1 + random.nextLong(SessionHarness.QUOTA_BYTES / 4);
      long sequence =
          random.nextBoolean()
              ? harness.call(Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(bytes).build())
              : harness.call(
                  Calls.CU_MEM_ALLOC_ASYNC,
                  CuMemAllocAsync.newBuilder().setBytesize(bytes).build());
      if (harness.isAnswered(sequence) && harness.answerTo(sequence).getResult() == 0) {
        allocations.add(TestCalls.address(harness.answerTo(sequence)));
      }
    }

    private void load() {
      // Nothing is on its way back: a load that waits for memory would wait for this thread.
      for (int round = 0; round < 3; round++) {
        domain.run();
      }
      calls
          .tryModule("kernel:f:0 global:g:" + (1 + random.nextInt(99_999)))
          .ifPresent(modules::add);
    }

    private void context() {
      if (contexts.isEmpty()) {
        long handle = harness.newHandle();
        harness.call(Calls.CU_CTX_CREATE, CuCtxCreate.newBuilder().setPctx(handle).build());
        contexts.add(handle);
      } else {
        harness.call(
            Calls.CU_CTX_DESTROY, CuCtxDestroy.newBuilder().setCtx(take(contexts)).build());
      }
    }

    private long take(List<Long> from) {
      return from.remove(random.nextInt(from.size()));
    }

    long committed() {
      return domain.closed ? 0 : domain.committedBytes();
    }
  }

  @RepeatedTest(20)
  void whateverSessionsDoNothingIsLeftWhenTheyAreGone() {
    System.out.println("seed " + seed);
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < SESSIONS; i++) {
      members.add(new Member());
    }
    for (int step = 0; step < STEPS && !members.isEmpty(); step++) {
      Member member = members.get(random.nextInt(members.size()));
      member.step();
      assertThat(ledger.reservedBytes())
          .as("step %s", step)
          .isEqualTo(members.stream().mapToLong(Member::committed).sum())
          .isLessThanOrEqualTo(SessionHarness.QUOTA_BYTES);
      if (random.nextInt(STEPS) == 0) {
        die(member);
        members.remove(member);
      }
    }
    members.forEach(this::die);
    assertThat(ledger.reservedBytes()).isZero();
  }

  private void die(Member member) {
    member.harness.session.onEnd("the client is gone");
    assertThat(member.domain.closed).isTrue();
    assertThat(member.harness.slotsGivenBack).hasValue(1);
    for (Kind kind : Kind.values()) {
      assertThat(member.harness.account.held(kind)).as(kind.text()).isZero();
    }
  }
}
