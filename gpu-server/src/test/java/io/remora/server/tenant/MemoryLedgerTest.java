// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MemoryLedgerTest {
  @Test
  void exactlyTheQuotaCanBeReserved() {
    MemoryLedger ledger = new MemoryLedger(100);

    assertThat(ledger.reserve(60)).isTrue();
    assertThat(ledger.reserve(41)).isFalse();
    assertThat(ledger.reserve(40)).isTrue();
    assertThat(ledger.reserve(1)).isFalse();
    assertThat(ledger.availableBytes()).isZero();
  }

  @Test
  void hugeRequestsDoNotOverflow() {
    MemoryLedger ledger = new MemoryLedger(Long.MAX_VALUE);

    assertThat(ledger.reserve(Long.MAX_VALUE - 1)).isTrue();
    assertThat(ledger.reserve(Long.MAX_VALUE)).isFalse();
    assertThat(ledger.reserve(1)).isTrue();
  }

  @Test
  void aLoweredQuotaStopsNewReservationsUntilEnoughCameBack() {
    MemoryLedger ledger = new MemoryLedger(100);
    ledger.reserve(80);
    ledger.changeQuota(50);

    assertThat(ledger.availableBytes()).isZero();
    assertThat(ledger.reserve(1)).isFalse();
    ledger.release(40);
    assertThat(ledger.reserve(10)).isTrue();
    assertThat(ledger.reserve(1)).isFalse();
  }

  @Test
  void releasingMoreThanReservedIsADefect() {
    MemoryLedger ledger = new MemoryLedger(100);
    ledger.reserve(10);

    assertThatThrownBy(() -> ledger.release(11)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void sessionsThatComeAndDieAtOnceNeverExceedTheQuotaAndLeaveNothing() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("MemoryLedgerTest -Dseed=" + seed);
    MemoryLedger ledger = new MemoryLedger(10_000);
    AtomicLong held = new AtomicLong();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    CountDownLatch start = new CountDownLatch(1);
    List<Future<?>> ends = new ArrayList<>();
    SplittableRandom seeds = new SplittableRandom(seed);
    for (int i = 0; i < 4; i++) {
      SplittableRandom random = seeds.split();
      ends.add(
          threads.submit(
              () -> {
                start.await();
                for (int session = 0; session < 500; session++) {
                  liveAndDie(ledger, held, random);
                }
                return null;
              }));
    }
    start.countDown();
    for (Future<?> end : ends) {
      end.get(60, TimeUnit.SECONDS);
    }
    threads.shutdown();

    assertThat(held.get()).isZero();
    assertThat(ledger.reservedBytes()).isZero();
    assertThat(ledger.availableBytes()).isEqualTo(10_000);
  }

  /** One session: reserves and releases at random, then dies holding what it holds. */
  private static void liveAndDie(MemoryLedger ledger, AtomicLong held, SplittableRandom random) {
    long mine = 0;
    for (int step = random.nextInt(20); step > 0; step--) {
      long bytes = random.nextInt(4_000);
      if (random.nextBoolean()) {
        if (ledger.reserve(bytes)) {
          mine += bytes;
          assertThat(held.addAndGet(bytes)).isLessThanOrEqualTo(10_000);
        }
      } else if (mine > 0) {
        long back = Math.min(mine, bytes);
        mine -= back;
        held.addAndGet(-back);
        ledger.release(back);
      }
    }
    held.addAndGet(-mine);
    ledger.release(mine);
  }
}
