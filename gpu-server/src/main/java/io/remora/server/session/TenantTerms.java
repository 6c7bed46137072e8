// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.queue.LaneClass;
import io.remora.server.queue.LanePolicy;
import io.remora.server.tenant.QueuePolicy;
import io.remora.server.tenant.QueuePolicy.WhenFull;
import io.remora.server.tenant.TenantClass;

/** What a tenant's settings mean to queues and devices. */
public final class TenantTerms {
  private static final int CLASSES = TenantClass.values().length;

  private TenantTerms() {}

  /** The queue's word for a class. */
  public static LaneClass laneClass(TenantClass tenantClass) {
    return switch (tenantClass) {
      case LATENCY -> LaneClass.LATENCY;
      case NORMAL -> LaneClass.NORMAL;
      case BATCH -> LaneClass.BATCH;
    };
  }

  /** The queue's word for a policy. */
  public static LanePolicy policy(QueuePolicy policy) {
    return new LanePolicy(
        policy.whenFull() == WhenFull.REJECT,
        policy.callsMax(),
        policy.bytesMax(),
        policy.whenFull() == WhenFull.TIMEOUT ? policy.timeout().toNanos() : Long.MAX_VALUE);
  }

  /**
   * The driver's priority of a stream: each class has a part of the device's range, the urgent the
   * greatest, and the program's own priorities are kept within it as far as it has several.
   *
   * @param asked within the device's range
   */
  static int streamPriority(DeviceDescription device, TenantClass tenantClass, int asked) {
    int greatest = device.streamPriorityGreatest();
    int levels = device.streamPriorityLeast() - greatest + 1;
    return greatest + (tenantClass.ordinal() * levels + asked - greatest) / CLASSES;
  }
}
