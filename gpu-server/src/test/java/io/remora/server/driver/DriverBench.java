// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A driver and the domains that a test opened on its first device. */
final class DriverBench implements AutoCloseable {
  final Driver driver;
  private final List<Domain> domains = new ArrayList<>();

  DriverBench(Driver driver) {
    this.driver = driver;
  }

  DomainBench domain() {
    return new DomainBench(this);
  }

  Domain open(long slabBytes) {
    return open(slabBytes, (result, detail) -> {});
  }

  Domain open(long slabBytes, FaultListener faults) {
    return open(slabBytes, TakenAddresses.NONE, faults);
  }

  Domain open(long slabBytes, TakenAddresses taken) {
    return open(slabBytes, taken, (result, detail) -> {});
  }

  private Domain open(long slabBytes, TakenAddresses taken, FaultListener faults) {
    Domain domain = driver.open(0, slabBytes, taken, faults, PrintListener.NONE);
    domains.add(domain);
    return domain;
  }

  long memoryBytes() {
    return driver.devices().get(0).totalMemoryBytes();
  }

  /** Bytes that differ from their neighbours and from those a page further. */
  static byte[] pattern(int bytes) {
    byte[] pattern = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      pattern[i] = (byte) (i * 31 + (i >> 8) * 7 + (i >> 16));
    }
    return pattern;
  }

  static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  /** Waits for a condition, with a bound. */
  static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("the condition holds in time").isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    domains.forEach(Domain::close);
    driver.close();
  }
}
