// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.server.driver.WorkObserver;
import io.remora.server.driver.model.ModelClock;
import io.remora.server.driver.model.ModelDevice;
import io.remora.server.queue.DeviceQueue;
import io.remora.server.queue.Lane;
import io.remora.server.queue.LaneClass;
import io.remora.server.queue.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Tenants with their loads on one modelled device, through the queue or, to compare, without it.
 * Arrivals happen on the clock of the load, ends on that of the device; in virtual time both are
 * one.
 */
final class LoadRun {
  private final ModelDevice device;
  private final @Nullable DeviceQueue queue;
  private final ModelClock arrivals;
  private final boolean priorities;
  private final List<Tenant> tenants = new ArrayList<>();
  private final Latencies lateness = new Latencies();
  private volatile boolean measuring;
  private volatile boolean stopped;

  /** One tenant of the run. */
  final class Tenant implements ModelLoad {
    final TenantLoad load;
    final Windows windows;
    final Latencies latencies = new Latencies();
    final @Nullable Lane lane;
    private final int priority;
    private final SplittableRandom random;
    private long arrivalNanos;

    Tenant(TenantLoad load, String name, SplittableRandom random, long beginNanos) {
      this.load = load;
      this.random = random;
      this.windows = new Windows(beginNanos);
      this.lane = queue == null ? null : queue.lane(name, load.weight(), load.laneClass());
      this.priority = priorities ? load.laneClass().ordinal() - LaneClass.BATCH.ordinal() : 0;
    }

    @Override
    public void ran(long fromNanos, long toNanos) {
      windows.add(fromNanos, toNanos);
    }

    private void start() {
      if (load.isOpen()) {
        arrivalNanos = arrivals.nanos();
        nextArrival();
      }
      for (int i = 0; i < load.depth(); i++) {
        submit(arrivals.nanos());
      }
    }

    private void nextArrival() {
      // Of a Poisson process, whatever the time at which the last one could be submitted.
      arrivalNanos += Math.round(-Math.log(1 - random.nextDouble()) * load.gapNanos());
      arrivals.at(arrivalNanos, this::arrive);
    }

    private void arrive() {
      if (stopped) {
        return;
      }
      if (measuring) {
        lateness.add(arrivals.nanos() - arrivalNanos);
      }
      for (int i = 0; i < load.burst(); i++) {
        submit(arrivalNanos);
      }
      nextArrival();
    }

    private void submit(long arrivedNanos) {
      Kernel kernel = new Kernel(this, arrivedNanos);
      if (lane == null) {
        kernel.issue(WorkObserver.NONE);
      } else {
        lane.submit(kernel);
      }
    }

    private void over(long arrivedNanos) {
      if (load.isOpen()) {
        if (measuring) {
          latencies.add(device.clock().nanos() - arrivedNanos);
        }
      } else if (!stopped) {
        submit(device.clock().nanos());
      }
    }
  }

  private final class Kernel implements Work {
    private final Tenant tenant;
    private final long arrivedNanos;

    Kernel(Tenant tenant, long arrivedNanos) {
      this.tenant = tenant;
      this.arrivedNanos = arrivedNanos;
    }

    @Override
    public long estimateKey() {
      return tenant.load.kernelNanos();
    }

    @Override
    public long bytes() {
      return 0;
    }

    @Override
    public void issue(WorkObserver observer) {
      device.run(
          tenant,
          tenant.priority,
          tenant.load.kernelNanos(),
          (result, nanos) -> {
            observer.onDone(result, nanos);
            tenant.over(arrivedNanos);
          });
    }

    @Override
    public void dropped(int result) {}
  }

  /**
   * @param queue null to go around it
   * @param arrivals the clock of the load generator
   * @param priorities whether classes are stream priorities of the device
   */
  LoadRun(
      ModelDevice device, @Nullable DeviceQueue queue, ModelClock arrivals, boolean priorities) {
    this.device = device;
    this.queue = queue;
    this.arrivals = arrivals;
    this.priorities = priorities;
  }

  List<Tenant> tenants() {
    return tenants;
  }

  /** How late the load generator submitted what it should. */
  Latencies lateness() {
    return lateness;
  }

  /** Adds a tenant; all are added before the run starts. */
  void add(TenantLoad load, SplittableRandom random) {
    tenants.add(new Tenant(load, "t" + tenants.size(), random.split(), device.clock().nanos()));
  }

  void start() {
    tenants.forEach(Tenant::start);
  }

  /** From now on latencies are kept. */
  void measure() {
    measuring = true;
  }

  /** No tenant submits any more. */
  void stop() {
    stopped = true;
    for (Tenant tenant : tenants) {
      if (tenant.lane != null) {
        tenant.lane.close();
      }
    }
  }
}
