// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Looks every few milliseconds whether a kernel runs for longer than its domain allows. Owned by
 * the driver; its thread exists once a domain has a limit.
 */
final class KernelWatch implements AutoCloseable {
  private static final long PERIOD_MILLIS = 5;

  private final Set<DomainCore> domains = ConcurrentHashMap.newKeySet();
  private final ScheduledThreadPoolExecutor timer;
  private boolean started;

  KernelWatch() {
    timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "software-kernel-watch");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Watches a domain until it is removed. */
  void add(DomainCore domain) {
    domains.add(domain);
    synchronized (this) {
      if (!started) {
        started = true;
        var unused =
            timer.scheduleWithFixedDelay(
                this::look, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
      }
    }
  }

  void remove(DomainCore domain) {
    domains.remove(domain);
  }

  private void look() {
    domains.forEach(DomainCore::stopOverdueKernels);
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
