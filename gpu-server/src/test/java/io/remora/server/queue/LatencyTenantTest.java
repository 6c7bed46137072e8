// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.WorkObserver;
import io.remora.server.driver.model.ModelDevice;
import io.remora.server.driver.model.VirtualClock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A tenant in a hurry beside one that wants the whole device: Poisson arrivals of short kernels on
 * a modelled device, in virtual time.
 */
final class LatencyTenantTest {
  private static final long MICRO = 1_000;
  private static final long SECOND = 1_000_000_000;

  /** From a kernel's end until the queue knows. */
  private static final long NOTICE_NANOS = 10 * MICRO;

  private static final long WHOLE_KERNELS = Long.MAX_VALUE / 4;
  private static final double LOAD = 0.1;

  private final VirtualClock clock = new VirtualClock();
  private final DeviceQueue queue = new DeviceQueue(QueueConfig.DEFAULTS, clock::nanos);
  private final Map<Object, Long> served = new HashMap<>();
  private final List<Long> sojourns = new ArrayList<>();
  private final SplittableRandom random = Seed.random();

  private ModelDevice device(long blockNanos) {
    return new ModelDevice(
        clock,
        blockNanos,
        NOTICE_NANOS,
        (owner, from, to) -> served.merge(owner, to - from, Long::sum));
  }

  private void saturate(ModelDevice device, Lane lane, int priority, long nanos) {
    lane.submit(
        work(
            nanos,
            observer ->
                device.run(
                    "batch",
                    priority,
                    nanos,
                    (result, took) -> {
                      observer.onDone(result, took);
                      saturate(device, lane, priority, nanos);
                    })));
  }

  private void arrive(ModelDevice device, Lane lane, int priority, long nanos) {
    clock.at(
        clock.nanos() + Math.round(-Math.log(1 - random.nextDouble()) * nanos / LOAD),
        () -> {
          long arrived = clock.nanos();
          lane.submit(
              work(
                  nanos,
                  observer ->
                      device.run(
                          "urgent",
                          priority,
                          nanos,
                          (result, took) -> {
                            observer.onDone(result, took);
                            sojourns.add(clock.nanos() - arrived);
                          })));
          arrive(device, lane, priority, nanos);
        });
  }

  private static Work work(long key, Consumer<WorkObserver> issuing) {
    return ModelWork.of(key, issuing);
  }

  private double p99() {
    List<Long> sorted = sojourns.stream().sorted().toList();
    return sorted.get((int) (0.99 * sorted.size()));
  }

  private double p99Alone(long blockNanos, long urgentNanos) {
    var alone = new LatencyTenantTest();
    ModelDevice device = alone.device(blockNanos);
    alone.arrive(device, alone.queue.lane("urgent", 1, LaneClass.LATENCY), -1, urgentNanos);
    alone.clock.advance(20 * SECOND);
    return alone.p99();
  }

  private void runShared(long blockNanos, long urgentNanos, long batchNanos) {
    ModelDevice device = device(blockNanos);
    Lane batch = queue.lane("batch", 1, LaneClass.BATCH);
    arrive(device, queue.lane("urgent", 1, LaneClass.LATENCY), -1, urgentNanos);
    for (int i = 0; i < 64; i++) {
      saturate(device, batch, 0, batchNanos);
    }
    clock.every(QueueConfig.DEFAULTS.tickNanos(), queue::tick);
    clock.advance(SECOND);
    sojourns.clear();
    served.clear();
    clock.advance(20 * SECOND);
  }

  @ParameterizedTest
  @CsvSource({"50,20", "50,50", "50,200", "200,20", "200,50", "200,200"})
  void whereTheDeviceHasPrioritiesTheTailIsThatOfATenantAlone(int urgentMicros, int batchMicros) {
    long block = 10 * MICRO;
    double alone = p99Alone(block, urgentMicros * MICRO);
    runShared(block, urgentMicros * MICRO, batchMicros * MICRO);
    assertThat(p99() / alone).isLessThanOrEqualTo(1.25);
    assertThat((double) served.getOrDefault("batch", 0L) / (20 * SECOND)).isGreaterThan(0.8);
  }

  @ParameterizedTest
  @CsvSource({"50,20", "200,20", "200,50"})
  void whereKernelsAreShortTheTailIsThatOfATenantAloneEvenWithoutPriorities(
      int urgentMicros, int batchMicros) {
    double alone = p99Alone(WHOLE_KERNELS, urgentMicros * MICRO);
    runShared(WHOLE_KERNELS, urgentMicros * MICRO, batchMicros * MICRO);
    assertThat(p99() / alone).isLessThanOrEqualTo(1.25);
    assertThat((double) served.getOrDefault("batch", 0L) / (20 * SECOND)).isGreaterThan(0.8);
  }

  @Test
  void withoutPrioritiesItWaitsForOneKernelOfTheOtherAndNoMore() {
    double alone = p99Alone(WHOLE_KERNELS, 50 * MICRO);
    runShared(WHOLE_KERNELS, 50 * MICRO, 200 * MICRO);
    assertThat(p99()).isLessThanOrEqualTo(alone + 200 * MICRO);
    assertThat((double) served.getOrDefault("batch", 0L) / (20 * SECOND)).isGreaterThan(0.77);
  }

  @Test
  void theOthersHaveTheirFullBoundAgainOnceNobodyIsInAHurry() {
    ModelDevice device = device(WHOLE_KERNELS);
    Lane batch = queue.lane("batch", 1, LaneClass.BATCH);
    Lane urgent = queue.lane("urgent", 1, LaneClass.LATENCY);
    for (int i = 0; i < 64; i++) {
      saturate(device, batch, 0, 100 * MICRO);
    }
    urgent.submit(ModelWork.of(1, observer -> device.run("urgent", 0, MICRO, observer)));
    clock.advance(SECOND / 2);
    assertThat(batch.stats().inFlight()).isBetween(1, 2);
    clock.advance(SECOND);
    // The urgent tenant's session is still open: half a millisecond, not the 20 of a tenant alone.
    assertThat(batch.stats().inFlight()).isEqualTo(5);
    urgent.close();
    clock.advance(SECOND);
    assertThat(batch.stats().inFlight()).isEqualTo(64);
  }
}
