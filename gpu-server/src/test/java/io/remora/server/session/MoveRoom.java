// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.software.SoftwareDeviceConfig;
import io.remora.server.driver.software.SoftwareDriver;
import io.remora.server.metrics.Replacements;
import io.remora.server.queue.DeviceQueue;
import io.remora.server.queue.QueueConfig;
import io.remora.server.tenant.MemoryLedger;
import io.remora.server.tenant.TenantAccount;
import io.remora.server.tenant.TenantAccount.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** One server without its network. */
final class MoveRoom implements AutoCloseable {
  final AtomicLong clock = new AtomicLong(1_000);
  final SoftwareDriver driver;
  final Sessions sessions;
  final MemoryLedger ledger = new MemoryLedger(128L << 20);
  final TenantAccount account = new TenantAccount(ledger);
  final CountDownLatch closed = new CountDownLatch(1);

  MoveRoom(long memoryBytes) {
    driver =
        new SoftwareDriver(new SoftwareDeviceConfig(1, memoryBytes, 2, 121, "test"), clock::get);
    sessions =
        new Sessions(
            driver,
            List.of(new DeviceQueue(QueueConfig.DEFAULTS, System::nanoTime)),
            new ModuleImageCache(1 << 24, 1 << 22),
            SessionLimits.DEFAULTS,
            0,
            2,
            Duration.ofSeconds(MovingClient.WAIT_SECONDS),
            new Replacements(1, new Fates(), System::nanoTime),
            System::nanoTime,
            "test");
  }

  static byte[] resource(String name) throws IOException {
    try (InputStream in = MoveRoom.class.getResourceAsStream(name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }

  void expectNothingHeld() {
    assertThat(ledger.reservedBytes()).isZero();
    for (Kind kind : Kind.values()) {
      assertThat(account.held(kind)).as(kind.text()).isZero();
    }
  }

  @Override
  public void close() {
    sessions.close();
    driver.close();
  }
}
