// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Driver;
import io.remora.server.driver.software.SoftwareDeviceConfig;
import io.remora.server.driver.software.SoftwareDriver;
import io.remora.server.watch.DeviceModes;
import io.remora.v1.DeviceState;
import io.remora.v1.ServerState;
import io.remora.v1.TenantState;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A device that looks ill, by a clock of the test's own. */
final class DeviceDoctorTest {
  private static final DeviceDescription DEVICE =
      new DeviceDescription(0, "test", "00", 1L << 30, Map.of(), "0000:00:00.0", 0, 0, Map.of());

  private final DeviceModes modes = new DeviceModes(1);
  private final AtomicInteger tests = new AtomicInteger();
  private volatile SelfTest test = device -> {};
  private final ExecutorService threads = Executors.newSingleThreadExecutor();
  private long nanos;
  private ServerState state = state(0, 0, 0);
  private final DeviceDoctor doctor =
      new DeviceDoctor(
          device -> {
            tests.incrementAndGet();
            test.run(device);
          },
          viewer -> state,
          modes,
          new ServerHealth(List.of(DEVICE)),
          () -> nanos,
          threads);

  private static ServerState state(int inFlight, long works, long faults) {
    return ServerState.newBuilder()
        .addDevices(DeviceState.newBuilder().setInFlight(inFlight).setWorks(works))
        .addTenants(TenantState.newBuilder().setFaults(faults))
        .build();
  }

  @AfterEach
  void close() {
    doctor.close();
  }

  private void look(int seconds) {
    for (int i = 0; i < seconds; i++) {
      nanos += TimeUnit.SECONDS.toNanos(1);
      doctor.look();
    }
  }

  /** As {@link #look}, but time stands still while a test runs. */
  private void lookInStep(int seconds) throws Exception {
    for (int i = 0; i < seconds; i++) {
      look(1);
      threads.submit(() -> {}).get(20, TimeUnit.SECONDS);
    }
  }

  /** Looks until the device is in the trouble that is expected. */
  private void await(String trouble) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!modes.whyTroubled(0).contains(trouble)
        || modes.whyTroubled(0).isEmpty() != trouble.isEmpty()) {
      assertThat(System.nanoTime()).as("trouble: %s", modes.whyTroubled(0)).isLessThan(end);
      look(1);
    }
  }

  @Test
  void aDeviceThatWorksIsLeftAlone() throws Exception {
    state = state(1, 5, 0);
    look(9);
    state = state(1, 6, 0);
    look(9);
    state = state(0, 6, 0);
    look(30);
    assertThat(tests).hasValue(0);
    lookInStep(30);
    assertThat(tests).as("once a minute it is tested").hasValue(1);
  }

  @Test
  void aStalledDeviceLeavesUntilItPasses() {
    CountDownLatch stuck = new CountDownLatch(1);
    test = device -> stuck.await();
    state = state(2, 5, 0);
    await("has not ended within 5 s");
    assertThat(modes.serves(0)).isFalse();
    assertThat(modes.left(Set.of())).isEmpty();
    test = device -> {};
    stuck.countDown();
    await("");
    assertThat(modes.serves(0)).isTrue();
  }

  @Test
  void afterAFaultADeviceIsTestedAndTestedAgain() throws Exception {
    test =
        device -> {
          throw new IllegalStateException("the context is gone");
        };
    lookInStep(5);
    state = state(0, 5, 1);
    lookInStep(2);
    assertThat(modes.whyTroubled(0)).isEqualTo("the context is gone");
    assertThat(tests).hasValue(1);
    test = device -> {};
    lookInStep(6);
    assertThat(modes.whyTroubled(0)).isEmpty();
    assertThat(tests).hasValue(2);
    lookInStep(20);
    assertThat(tests).hasValue(2);
  }

  @Test
  void theSelfTestPassesOnADeviceThatWorks() throws Exception {
    SoftwareDeviceConfig defaults = SoftwareDeviceConfig.defaults();
    SoftwareDeviceConfig small =
        new SoftwareDeviceConfig(1, 64 << 20, 1, defaults.computeCapability(), defaults.hostName());
    try (Driver driver = new SoftwareDriver(small)) {
      SelfTest.copying(driver).run(0);
      SelfTest.copying(driver).run(0);
    }
  }
}
