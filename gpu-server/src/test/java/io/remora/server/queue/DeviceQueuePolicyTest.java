// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.WorkObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Bounded queues: waiting, rejecting, and refusing what can't start in time. */
final class DeviceQueuePolicyTest {
  private static final long MILLI = 1_000_000;
  private static final int TIMEOUT = 909;
  private static final int OUT_OF_RESOURCES = 701;

  private final FakeTime time = new FakeTime();
  private final DeviceQueue queue = new DeviceQueue(QueueConfig.DEFAULTS, time::nowNanos);
  private final List<String> log = new ArrayList<>();
  private final ArrayDeque<WorkObserver> open = new ArrayDeque<>();

  private final class Request implements Work {
    private final String name;
    private final long key;
    private final long bytes;
    private final long withinNanos;

    Request(String name, long key, long bytes, long withinNanos) {
      this.name = name;
      this.key = key;
      this.bytes = bytes;
      this.withinNanos = withinNanos;
    }

    @Override
    public long estimateKey() {
      return key;
    }

    @Override
    public long bytes() {
      return bytes;
    }

    @Override
    public boolean isRefusable() {
      return key != FREE;
    }

    @Override
    public long startWithinNanos() {
      return withinNanos;
    }

    @Override
    public void issue(WorkObserver observer) {
      log.add(name);
      open.add(observer);
    }

    @Override
    public void dropped(int result) {
      log.add(name + " refused with " + result);
    }
  }

  private Request kernel(String name) {
    return new Request(name, 7, 0, Long.MAX_VALUE);
  }

  private Request marker(String name) {
    return new Request(name, Work.FREE, 0, Long.MAX_VALUE);
  }

  private Lane lane(LanePolicy policy) {
    return queue.lane("a", 1, LaneClass.NORMAL, policy);
  }

  /** 5 ms each until known, 20 ms in flight while alone: four are issued. */
  private void fill(Lane lane) {
    for (int i = 0; i < 4; i++) {
      lane.submit(kernel("filler"));
    }
    log.clear();
  }

  @Test
  void workBeyondTheCallsOfARejectingQueueIsRefusedAtOnce() {
    Lane lane = lane(new LanePolicy(true, 6, 1 << 20, Long.MAX_VALUE));
    fill(lane);
    assertThat(lane.submit(kernel("fifth"))).isTrue();
    assertThat(lane.submit(kernel("sixth"))).isTrue();
    assertThat(lane.submit(kernel("seventh"))).isTrue();
    assertThat(log).containsExactly("seventh refused with " + OUT_OF_RESOURCES);
    open.remove().onDone(0, MILLI);
    assertThat(lane.submit(kernel("eighth"))).isTrue();
    assertThat(log).doesNotContain("eighth refused with " + OUT_OF_RESOURCES);
    assertThat(lane.isFull()).isFalse();
  }

  @Test
  void workBeyondTheBytesOfARejectingQueueIsRefusedButNeverTheOnlyOne() {
    Lane lane = lane(new LanePolicy(true, 100, 1000, Long.MAX_VALUE));
    lane.submit(new Request("large", 7, 5000, Long.MAX_VALUE));
    lane.submit(new Request("small", 8, 1, Long.MAX_VALUE));
    assertThat(log).containsExactly("large", "small refused with " + OUT_OF_RESOURCES);
  }

  @Test
  void markersAreNeverRefusedForTheyHoldNothingUpAndOthersWaitForThem() {
    Lane lane = lane(new LanePolicy(true, 4, 1 << 20, 2 * MILLI));
    fill(lane);
    lane.submit(marker("record"));
    time.advance(10 * MILLI);
    queue.tick();
    assertThat(log).containsExactly("record");
  }

  @Test
  void whatCannotStartWithinTheTenantsTimeoutIsRefusedAndTheRestGoesOn() {
    Lane lane = lane(new LanePolicy(false, 100, 1 << 20, 3 * MILLI));
    fill(lane);
    lane.submit(kernel("early"));
    lane.submit(marker("marker"));
    time.advance(2 * MILLI);
    lane.submit(kernel("later"));
    queue.tick();
    assertThat(log).isEmpty();
    time.advance(MILLI + 1);
    queue.tick();
    assertThat(log).containsExactly("early refused with " + TIMEOUT, "marker");
    open.remove().onDone(0, 5 * MILLI);
    assertThat(log).last().isEqualTo("later");
    assertThat(lane.pending()).isZero();
  }

  @Test
  void aCallsOwnDeadlineCountsWhateverThePolicy() {
    Lane lane = lane(LanePolicy.of(QueueConfig.DEFAULTS));
    fill(lane);
    lane.submit(new Request("urgent", 7, 10, MILLI));
    lane.submit(kernel("patient"));
    time.advance(2 * MILLI);
    // No tick: it is too late when its turn comes.
    open.remove().onDone(0, 5 * MILLI);
    assertThat(log).containsExactly("urgent refused with " + TIMEOUT, "patient");
  }

  @Test
  void workThatStartsAtOnceIsNeverRefused() {
    Lane lane = lane(LanePolicy.of(QueueConfig.DEFAULTS));
    lane.submit(new Request("now", 7, 0, 1));
    time.advance(MILLI);
    queue.tick();
    assertThat(log).containsExactly("now");
  }

  @Test
  void aNewPolicyHoldsForRunningLanesAndWakesThoseThatWaited() {
    Lane lane = lane(new LanePolicy(false, 6, 1 << 20, Long.MAX_VALUE));
    List<String> told = new ArrayList<>();
    lane.onDrained(() -> told.add("drained"));
    fill(lane);
    lane.submit(kernel("fifth"));
    assertThat(lane.submit(kernel("sixth"))).isFalse();
    queue.update("a", 1, LaneClass.NORMAL, new LanePolicy(false, 60, 1 << 20, Long.MAX_VALUE));
    assertThat(told).containsExactly("drained");
    assertThat(lane.submit(kernel("seventh"))).isTrue();
  }

  @Test
  void nothingIsLostOrCountedTwiceWhateverIsRefused() {
    SplittableRandom random = Seed.random();
    Lane lane = lane(new LanePolicy(random.nextBoolean(), 20, 5000, 4 * MILLI));
    int submitted = 0;
    for (int step = 0; step < 20_000; step++) {
      switch (random.nextInt(4)) {
        case 0 -> {
          long within = random.nextBoolean() ? Long.MAX_VALUE : random.nextLong(5 * MILLI);
          lane.submit(new Request("w", random.nextInt(3), random.nextInt(500), within));
          submitted++;
        }
        case 1 -> {
          if (!open.isEmpty()) {
            open.remove().onDone(0, random.nextLong(MILLI));
          }
        }
        case 2 -> time.advance(random.nextLong(MILLI));
        default -> queue.tick();
      }
    }
    while (lane.pending() > 0 || !open.isEmpty()) {
      if (!open.isEmpty()) {
        open.remove().onDone(0, MILLI);
      }
      time.advance(MILLI);
      queue.tick();
    }
    assertThat(log).hasSize(submitted);
    assertThat(lane.stats().inFlight()).isZero();
    assertThat(lane.heldBytes).isZero();
    assertThat(lane.isFull()).isFalse();
  }
}
