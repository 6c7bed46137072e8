// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Shares of tenants on modelled devices: kernels of stated length, time that a test moves. */
final class DeviceQueueShareTest {
  private static final long MICRO = 1_000;
  private static final long MILLI = 1_000_000;
  private static final long SECOND = 1_000_000_000;

  private final FakeTime time = new FakeTime();
  private final DeviceQueue queue = new DeviceQueue(QueueConfig.DEFAULTS, time::nowNanos);

  private enum Model {
    IN_ORDER(ModelDevice::inOrder),
    CONCURRENT(ModelDevice::concurrent);

    private final Function<FakeTime, ModelDevice> maker;

    Model(Function<FakeTime, ModelDevice> maker) {
      this.maker = maker;
    }
  }

  static Stream<Arguments> saturatedTenants() {
    List<Arguments> cases = new ArrayList<>();
    for (Model model : Model.values()) {
      for (List<Integer> weights :
          List.of(List.of(1, 3), List.of(1, 9), List.of(1, 2, 3, 4, 5, 6, 7, 8))) {
        for (long length : List.of(20 * MICRO, 200 * MICRO, 2 * MILLI, 20 * MILLI)) {
          cases.add(Arguments.of(model, weights, length, length));
        }
        // The light tenants have the longest kernels.
        cases.add(Arguments.of(model, weights, 20 * MILLI, 20 * MICRO));
        cases.add(Arguments.of(model, weights, 20 * MICRO, 5 * MILLI));
      }
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("saturatedTenants")
  void sharesFollowWeightsWhateverTheLengthOfTheKernels(
      Model model, List<Integer> weights, long firstLength, long lastLength) {
    ModelDevice device = model.maker.apply(time);
    List<ModelTenant> tenants = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      double part = (double) i / (weights.size() - 1);
      long length = Math.round(firstLength * Math.pow((double) lastLength / firstLength, part));
      tenants.add(tenant(device, i, weights.get(i), () -> length).saturate(64));
    }
    startTicking();
    // The first tenant was alone for a moment, and what it issued then is charged to it.
    long longest = Math.max(firstLength, lastLength);
    long total = weights.stream().mapToInt(Integer::intValue).sum();
    time.advance(Math.max(SECOND, 25 * longest * total));

    // Long enough that one kernel of a tenant is no more than 2 % of what it gets.
    assertShares(tenants, weights, Math.max(2 * SECOND, 50 * longest * total), 0.05);
  }

  @Test
  void sharesHoldInEveryWindowOfOneSecond() {
    ModelDevice device = ModelDevice.inOrder(time);
    List<Integer> weights = List.of(1, 9);
    SplittableRandom random = Seed.random();
    List<ModelTenant> tenants = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      tenants.add(tenant(device, i, weights.get(i), lengths(random, 20 * MICRO, 2 * MILLI)));
    }
    tenants.forEach(tenant -> tenant.saturate(64));
    startTicking();
    time.advance(SECOND);
    for (int window = 0; window < 20; window++) {
      assertShares(tenants, weights, SECOND, 0.05);
    }
  }

  @Test
  void kernelsOfUnsteadyLengthAreChargedAsMeasured() {
    ModelDevice device = ModelDevice.inOrder(time);
    SplittableRandom random = Seed.random();
    // Hardly a length occurs twice, so that no estimate is ever right.
    List<Integer> weights = List.of(1, 3);
    List<ModelTenant> tenants = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      tenants.add(tenant(device, i, weights.get(i), lengths(random, 20 * MICRO, 20 * MILLI)));
    }
    tenants.forEach(tenant -> tenant.saturate(64));
    startTicking();
    time.advance(SECOND);
    assertShares(tenants, weights, 40 * SECOND, 0.05);
  }

  @Test
  void sessionsOfOneTenantShareItsWeight() {
    ModelDevice device = ModelDevice.inOrder(time);
    List<ModelTenant> many = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      many.add(
          new ModelTenant(queue, device, "many", "many" + i, 1, LaneClass.NORMAL, () -> 100 * MICRO)
              .saturate(64));
    }
    ModelTenant one = tenant(device, 9, 1, () -> 100 * MICRO).saturate(64);
    startTicking();
    time.advance(5 * SECOND);

    double ones = device.servedNanos("t9");
    double manys = many.stream().mapToLong(ModelTenant::servedSinceMark).sum();
    assertThat(ones / (ones + manys)).isBetween(0.475, 0.525);
    for (ModelTenant session : many) {
      assertThat(session.servedSinceMark() / manys).isBetween(0.19, 0.21);
    }
    assertThat(one.lane.stats().deviceNanos()).isEqualTo(device.servedNanos("t9"));
  }

  @Test
  void theShareOfAnIdleTenantGoesToTheOthersAndItGetsNoCredit() {
    ModelDevice device = ModelDevice.inOrder(time);
    ModelTenant busy = tenant(device, 0, 1, () -> 100 * MICRO).saturate(64);
    ModelTenant idler = tenant(device, 1, 1, () -> 100 * MICRO);
    startTicking();
    time.advance(3 * SECOND);
    assertThat((double) busy.servedSinceMark()).isGreaterThan(0.99 * 3 * SECOND);

    idler.saturate(64);
    time.advance(20 * MILLI); // What the other had in flight from the time alone.
    assertShares(List.of(busy, idler), List.of(1, 1), SECOND, 0.05);
  }

  @Test
  void aNewWeightHoldsForAllThatFollows() {
    ModelDevice device = ModelDevice.inOrder(time);
    List<ModelTenant> tenants =
        List.of(
            tenant(device, 0, 1, () -> 100 * MICRO).saturate(64),
            tenant(device, 1, 1, () -> 100 * MICRO).saturate(64));
    startTicking();
    time.advance(SECOND);
    assertShares(tenants, List.of(1, 1), SECOND, 0.05);
    queue.update("t1", 4, LaneClass.NORMAL, LanePolicy.of(QueueConfig.DEFAULTS));
    assertShares(tenants, List.of(1, 4), SECOND, 0.05);
  }

  @Test
  void theDeviceIsNeverIdleWhileWorkWaits() {
    ModelDevice device = ModelDevice.inOrder(time);
    SplittableRandom random = Seed.random();
    List<ModelTenant> tenants = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      LaneClass laneClass = LaneClass.values()[i % 3];
      ModelTenant tenant =
          new ModelTenant(
              queue,
              device,
              "t" + i,
              "t" + i,
              1 + i,
              laneClass,
              lengths(random, 20 * MICRO, 20 * MILLI));
      tenant.stopped = true;
      tenants.add(tenant);
    }
    startTicking();
    for (int step = 0; step < 20_000; step++) {
      if (random.nextInt(3) == 0) {
        tenants.get(random.nextInt(5)).saturate(random.nextInt(20));
      }
      time.advance(random.nextLong(MILLI));
      int waiting = tenants.stream().mapToInt(tenant -> tenant.lane.pending()).sum();
      assertThat(device.inFlight > 0 || waiting == 0)
          .as("step %s: %s wait", step, waiting)
          .isTrue();
    }
  }

  @Test
  void everyClassKeepsItsMinimumShareAndTheUrgentOnesTheRest() {
    ModelDevice device = ModelDevice.inOrder(time);
    for (LaneClass laneClass : LaneClass.values()) {
      String name = laneClass.name();
      new ModelTenant(queue, device, name, name, 1, laneClass, () -> 200 * MICRO).saturate(64);
    }
    startTicking();
    time.advance(10 * SECOND);
    assertThat(device.servedNanos("LATENCY") / (10.0 * SECOND)).isBetween(0.83, 0.87);
    assertThat(device.servedNanos("NORMAL") / (10.0 * SECOND)).isBetween(0.09, 0.11);
    assertThat(device.servedNanos("BATCH") / (10.0 * SECOND)).isBetween(0.045, 0.055);
  }

  @Test
  void aLatencyTenantWaitsForTheBoundAndOneKernelAtMost() {
    ModelDevice device = ModelDevice.inOrder(time);
    new ModelTenant(queue, device, "batch", "batch", 1, LaneClass.BATCH, () -> 200 * MICRO)
        .saturate(1000);
    Lane lane = queue.lane("urgent", 1, LaneClass.LATENCY);
    startTicking();
    SplittableRandom random = Seed.random();
    List<Long> waits = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      // The first one may find what the batch tenant had issued while it was alone.
      time.advance(i == 1 ? 50 * MILLI : random.nextLong(10 * MILLI));
      long submitted = time.nowNanos();
      lane.submit(
          ModelWork.of(
              1,
              observer ->
                  device.run(
                      "urgent",
                      50 * MICRO,
                      (result, nanos) -> {
                        waits.add(time.nowNanos() - submitted - 50 * MICRO);
                        observer.onDone(result, nanos);
                      })));
    }
    time.advance(SECOND);
    assertThat(waits.stream().skip(1).mapToLong(wait -> wait).max().getAsLong())
        .isLessThanOrEqualTo(QueueConfig.DEFAULTS.sharedInFlightNanos() + 200 * MICRO);
    assertThat(device.servedNanos("batch")).isGreaterThan(time.nowNanos() / 100 * 95);
  }

  private ModelTenant tenant(ModelDevice device, int index, int weight, LongSupplier lengths) {
    String name = "t" + index;
    return new ModelTenant(queue, device, name, name, weight, LaneClass.NORMAL, lengths);
  }

  private void startTicking() {
    long tick = QueueConfig.DEFAULTS.tickNanos();
    time.every(tick, queue::tick);
  }

  private static LongSupplier lengths(SplittableRandom random, long shortest, long longest) {
    SplittableRandom own = random.split();
    return () -> Math.round(shortest * Math.pow((double) longest / shortest, own.nextDouble()));
  }

  private void assertShares(
      List<ModelTenant> tenants, List<Integer> weights, long windowNanos, double tolerance) {
    tenants.forEach(ModelTenant::mark);
    time.advance(windowNanos);
    double served = tenants.stream().mapToLong(ModelTenant::servedSinceMark).sum();
    double weight = weights.stream().mapToInt(Integer::intValue).sum();
    for (int i = 0; i < tenants.size(); i++) {
      double asked = weights.get(i) / weight;
      double got = tenants.get(i).servedSinceMark() / served;
      assertThat(got / asked)
          .as("share of %s, asked %s", tenants.get(i).name, asked)
          .isBetween(1 - tolerance, 1 + tolerance);
    }
    assertThat(served).as("device time used").isGreaterThan(0.97 * windowNanos);
  }
}
