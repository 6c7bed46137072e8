// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.WorkObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class DeviceQueueTest {
  private static final long MICRO = 1_000;
  private static final long MILLI = 1_000_000;

  private static final QueueConfig SMALL =
      new QueueConfig(500 * MICRO, 20 * MILLI, 0, MILLI, 0.1, 0.05, 10, 1000, 2 * MILLI);

  private final FakeTime time = new FakeTime();
  private final DeviceQueue queue = new DeviceQueue(QueueConfig.DEFAULTS, time::nowNanos);
  private final ModelDevice device = ModelDevice.concurrent(time);
  private final List<String> issued = new ArrayList<>();
  private final ArrayDeque<WorkObserver> open = new ArrayDeque<>();

  private ModelWork held(String name) {
    return ModelWork.of(
        7,
        observer -> {
          issued.add(name);
          open.add(observer);
        });
  }

  private void endOne() {
    open.remove().onDone(0, 100 * MICRO);
  }

  @Test
  void aTenantAlonePassesThroughOnTheSubmittingThread() {
    Lane lane = queue.lane("a", 1, LaneClass.NORMAL);
    var threads = new ArrayList<Thread>();
    lane.submit(ModelWork.of(1, observer -> threads.add(Thread.currentThread())));
    assertThat(threads).containsExactly(Thread.currentThread());
    assertThat(lane.stats()).isEqualTo(new LaneStats(0, 0, 1, 1, 0));
  }

  @Test
  void moreThanTheBoundWaitsUntilWorkEnds() {
    Lane lane = queue.lane("a", 1, LaneClass.NORMAL);
    for (int i = 0; i < 30; i++) {
      lane.submit(held("w" + i));
    }
    // 20 ms alone, at 5 ms for the unknown.
    assertThat(issued).hasSize(4);
    assertThat(lane.pending()).isEqualTo(26);
    time.advance(MILLI);
    endOne();
    // Known now to take 100 µs: room for all.
    assertThat(issued).hasSize(30);
    assertThat(lane.stats().queueNanos()).isEqualTo(26 * MILLI);
    assertThat(lane.stats().deviceNanos()).isEqualTo(100 * MICRO);
  }

  @Test
  void whatATenantHasUsedIsTheSumOfItsLanesAndOutlivesThem() {
    Lane first = queue.lane("a", 1, LaneClass.NORMAL);
    first.submit(held("w1"));
    endOne();
    first.close();
    Lane second = queue.lane("a", 1, LaneClass.NORMAL);
    second.submit(held("w2"));
    endOne();
    queue.lane("b", 1, LaneClass.NORMAL).submit(held("w3"));
    assertThat(queue.use("a")).isEqualTo(new TenantUse(200 * MICRO, 0, 2));
    assertThat(queue.use("b")).isEqualTo(new TenantUse(0, 0, 1));
    assertThat(queue.use("nobody")).isEqualTo(new TenantUse(0, 0, 0));
  }

  @Test
  void freeWorkKeepsItsPlaceButWaitsForNoBound() {
    Lane lane = queue.lane("a", 1, LaneClass.NORMAL);
    for (int i = 0; i < 4; i++) {
      lane.submit(held("w" + i));
    }
    lane.submit(ModelWork.of(Work.FREE, observer -> issued.add("marker")));
    assertThat(issued).hasSize(5).last().isEqualTo("marker");
    lane.submit(held("late"));
    lane.submit(ModelWork.of(Work.FREE, observer -> issued.add("later marker")));
    assertThat(issued).hasSize(5);
    endOne();
    assertThat(issued).hasSize(7).last().isEqualTo("later marker");
  }

  @Test
  void workThatEndsWhileItIsIssuedMaySubmitMore() {
    Lane lane = queue.lane("a", 1, LaneClass.NORMAL);
    var depth = new AtomicInteger();
    var left = new AtomicInteger(100_000);
    submitChain(lane, left, depth);
    assertThat(left).hasValue(0);
    assertThat(lane.stats().works()).isEqualTo(100_000);
    assertThat(lane.stats().inFlight()).isZero();
  }

  private void submitChain(Lane lane, AtomicInteger left, AtomicInteger depth) {
    lane.submit(
        ModelWork.of(
            1,
            observer -> {
              assertThat(depth.incrementAndGet()).isLessThan(4);
              observer.onDone(0, 10);
              if (left.decrementAndGet() > 0) {
                submitChain(lane, left, depth);
              }
              depth.decrementAndGet();
            }));
  }

  @Test
  void closingDropsWhatWasNotIssuedAndNothingElse() {
    Lane lane = queue.lane("a", 1, LaneClass.NORMAL);
    var dropped = new AtomicInteger();
    for (int i = 0; i < 50; i++) {
      lane.submit(new ModelWork(7, 1, false, open::add, dropped::incrementAndGet));
    }
    assertThat(open).hasSize(4);
    lane.close();
    assertThat(dropped).hasValue(46);
    open.forEach(observer -> observer.onDone(0, 5));
    assertThat(open).hasSize(4);
    assertThat(lane.stats().inFlight()).isZero();
    lane.submit(new ModelWork(7, 1, false, open::add, dropped::incrementAndGet));
    assertThat(dropped).hasValue(47);
  }

  @Test
  void closingALaneLetsTheOthersGoOn() {
    ModelDevice inOrder = ModelDevice.inOrder(time);
    ModelTenant first =
        new ModelTenant(queue, inOrder, "a", "a", 1, LaneClass.NORMAL, () -> 100 * MICRO);
    ModelTenant second =
        new ModelTenant(queue, inOrder, "b", "b", 1, LaneClass.NORMAL, () -> 100 * MICRO);
    first.saturate(64);
    second.saturate(64);
    time.advance(100 * MILLI);
    first.lane.close();
    first.stopped = true;
    time.advance(10 * MILLI);
    second.mark();
    time.advance(100 * MILLI);
    assertThat(second.servedSinceMark()).isGreaterThan(99 * MILLI);
  }

  @Test
  void aFullLaneSaysSoAndTellsWhenItHasDrained() {
    var small = new DeviceQueue(SMALL, time::nowNanos);
    Lane lane = small.lane("a", 1, LaneClass.NORMAL);
    var drained = new AtomicInteger();
    lane.onDrained(drained::incrementAndGet);
    for (int i = 0; i < 9; i++) {
      assertThat(lane.submit(held("w" + i))).isTrue();
    }
    assertThat(lane.submit(held("w9"))).isFalse();
    assertThat(lane.isFull()).isTrue();
    for (int i = 0; i < 4; i++) {
      endOne();
      assertThat(drained).hasValue(0);
    }
    endOne();
    assertThat(drained).hasValue(1);
    assertThat(lane.isFull()).isFalse();
    assertThat(lane.submit(held("w10"))).isTrue();
  }

  @Test
  void bytesFillALaneToo() {
    var small = new DeviceQueue(SMALL, time::nowNanos);
    Lane lane = small.lane("a", 1, LaneClass.NORMAL);
    assertThat(lane.submit(new ModelWork(7, 999, false, open::add, () -> {}))).isTrue();
    assertThat(lane.submit(new ModelWork(7, 1, false, open::add, () -> {}))).isFalse();
    endOne();
    assertThat(lane.isFull()).isFalse();
  }

  @Test
  void aTenantBehindAHostCallbackHoldsNobodyUp() {
    Lane paused = queue.lane("paused", 1, LaneClass.NORMAL);
    var pause = new ArrayList<WorkObserver>();
    paused.submit(new ModelWork(Work.FREE, 0, true, pause::add, () -> {}));
    for (int i = 0; i < 1000; i++) {
      paused.submit(held("behind" + i));
    }
    ModelTenant other =
        new ModelTenant(queue, device, "b", "b", 1, LaneClass.NORMAL, () -> 100 * MICRO)
            .saturate(64);
    time.advance(100 * MILLI);
    assertThat(other.servedSinceMark()).isGreaterThan(99 * MILLI);

    // When the host is done, the time that it took gives no credit.
    pause.get(0).onDone(0, 0);
    int before = issued.size();
    while (!open.isEmpty()) {
      endOne();
      if (issued.size() > before + 200) {
        break;
      }
    }
    other.mark();
    time.advance(10 * MILLI);
    assertThat(other.servedSinceMark()).isPositive();
  }

  @Test
  void whatLetsAPausedTenantGoOnIsIssuedThoughItIsBehindTheRest() {
    Lane lane = queue.lane("a", 1, LaneClass.NORMAL);
    lane.submit(new ModelWork(Work.FREE, 0, true, observer -> {}, () -> {}));
    for (int i = 0; i < 30; i++) {
      lane.submit(held("behind" + i));
    }
    lane.submit(held("lets it go on"));
    assertThat(issued).hasSize(4);
    time.every(QueueConfig.DEFAULTS.tickNanos(), queue::tick);
    time.advance(8 * MILLI);
    assertThat(issued).hasSizeBetween(5, 25);
    time.advance(50 * MILLI);
    assertThat(issued).contains("lets it go on");
  }

  @Test
  void anEndlessKernelHoldsNobodyUpForLong() {
    Lane endless = queue.lane("endless", 1, LaneClass.NORMAL);
    for (int i = 0; i < 1000; i++) {
      endless.submit(held("never ends"));
    }
    ModelTenant other =
        new ModelTenant(queue, device, "b", "b", 1, LaneClass.NORMAL, () -> 100 * MICRO)
            .saturate(64);
    time.every(QueueConfig.DEFAULTS.tickNanos(), queue::tick);
    time.advance(200 * MILLI);
    other.mark();
    time.advance(100 * MILLI);
    assertThat(other.servedSinceMark()).isGreaterThan(99 * MILLI);
  }

  @Test
  void workThatThrowsIsOverAndTheLaneGoesOn() {
    Lane lane = queue.lane("a", 1, LaneClass.NORMAL);
    var dropped = new AtomicInteger();
    lane.submit(
        new ModelWork(
            1,
            0,
            false,
            observer -> {
              throw new IllegalStateException("planned by the test");
            },
            dropped::incrementAndGet));
    lane.submit(held("next"));
    assertThat(dropped).hasValue(1);
    assertThat(issued).containsExactly("next");
    assertThat(lane.stats().inFlight()).isEqualTo(1);
  }

  @Test
  void aWeightBelowOneIsRefused() {
    assertThatThrownBy(() -> queue.lane("a", 0, LaneClass.NORMAL))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theOrderWithinALaneIsKeptUnderRandomInterleavings() {
    SplittableRandom random = Seed.random();
    for (int round = 0; round < 200; round++) {
      interleave(random.split());
    }
  }

  private void interleave(SplittableRandom random) {
    var mixed = new DeviceQueue(QueueConfig.DEFAULTS, time::nowNanos);
    int lanes = 1 + random.nextInt(6);
    List<Lane> all = new ArrayList<>();
    List<AtomicInteger> submitted = new ArrayList<>();
    List<AtomicInteger> next = new ArrayList<>();
    for (int i = 0; i < lanes; i++) {
      LaneClass laneClass = LaneClass.values()[random.nextInt(3)];
      all.add(mixed.lane("t" + random.nextInt(3), 1 + random.nextInt(9), laneClass));
      submitted.add(new AtomicInteger());
      next.add(new AtomicInteger());
    }
    var inFlight = new ArrayList<WorkObserver>();
    for (int step = 0; step < 500; step++) {
      int i = random.nextInt(lanes);
      int number = submitted.get(i).getAndIncrement();
      boolean atOnce = random.nextInt(4) == 0;
      all.get(i)
          .submit(
              ModelWork.of(
                  random.nextInt(4),
                  observer -> {
                    assertThat(next.get(i).getAndIncrement()).isEqualTo(number);
                    if (atOnce) {
                      observer.onDone(0, 1);
                    } else {
                      inFlight.add(observer);
                    }
                  }));
      while (!inFlight.isEmpty() && random.nextInt(3) != 0) {
        time.advance(random.nextLong(MILLI));
        inFlight.remove(random.nextInt(inFlight.size())).onDone(0, random.nextLong(3 * MILLI));
      }
    }
    while (!inFlight.isEmpty()) {
      inFlight.remove(random.nextInt(inFlight.size())).onDone(0, random.nextLong(MILLI));
    }
    for (int i = 0; i < lanes; i++) {
      assertThat(next.get(i)).hasValue(submitted.get(i).get());
    }
  }

  @Test
  void manyThreadsSubmitAndEndWork() throws InterruptedException {
    int lanes = 4;
    int works = 50_000;
    var live = new DeviceQueue(QueueConfig.DEFAULTS, System::nanoTime);
    ExecutorService ending = Executors.newFixedThreadPool(2);
    var done = new CountDownLatch(lanes * works);
    List<Thread> threads = new ArrayList<>();
    var wrong = new AtomicInteger();
    for (int i = 0; i < lanes; i++) {
      Lane lane = live.lane("t" + i / 2, 1 + i, LaneClass.values()[i % 3]);
      var next = new AtomicInteger();
      threads.add(
          new Thread(
              () -> {
                for (int n = 0; n < works; n++) {
                  int number = n;
                  lane.submit(
                      ModelWork.of(
                          1 + n % 3,
                          observer -> {
                            if (next.getAndIncrement() != number) {
                              wrong.incrementAndGet();
                            }
                            ending.execute(
                                () -> {
                                  observer.onDone(0, 1000);
                                  done.countDown();
                                });
                          }));
                }
              }));
    }
    threads.forEach(Thread::start);
    assertThat(done.await(60, TimeUnit.SECONDS)).as("all work ended").isTrue();
    ending.shutdown();
    assertThat(wrong).hasValue(0);
  }
}
