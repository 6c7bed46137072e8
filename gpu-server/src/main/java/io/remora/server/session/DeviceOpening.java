// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Domain;
import io.remora.server.driver.FaultListener;
import io.remora.server.queue.Lane;
import io.remora.server.tenant.TenantGrant;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the devices that a tenant may use. Runs on a worker. */
final class DeviceOpening {
  /** Address space costs nothing; twice the quota leaves room for gaps. */
  /** Below are null pointers with an offset and offsets in a block's own memory. */
  private static final long LEAST_DEVICE_ADDRESS = 1 << 20;

  private static final int SPACE_FACTOR = 2;

  private static final long SLAB_BYTES_MIN = 1L << 28;
  private static final long SLAB_BYTES_MAX = 1L << 42;

  private static final Logger log = LoggerFactory.getLogger(DeviceOpening.class);

  private DeviceOpening() {}

  /**
   * Opens all devices of the session's grant, in the order of their ordinals.
   *
   * @throws io.remora.server.driver.DriverException if one can't be opened; none is open then
   */
  static List<SessionDevice> open(ClientSession session) {
    List<SessionDevice> opened = new ArrayList<>();
    try {
      for (DeviceDescription device : session.services().driver().devices()) {
        if (session.grant().allows(device.ordinal())) {
          opened.add(open(session, opened.size(), device));
        }
      }
    } catch (RuntimeException refused) {
      opened.forEach(SessionDevice::close);
      throw refused;
    }
    return opened;
  }

  private static SessionDevice open(ClientSession session, int ordinal, DeviceDescription device) {
    TenantGrant grant = session.grant();
    SessionServices services = session.services();
    PrintBuffer prints = new PrintBuffer();
    AtomicReference<@Nullable SessionDevice> made = new AtomicReference<>();
    Domain domain =
        services
            .driver()
            .open(
                device.ordinal(),
                slabBytes(session.totalMemoryBytes(device)),
                listener(session, made),
                text -> {
                  prints.add(text);
                  session.deviceOutput().printed();
                });
    boolean limited = domain.limitKernelTime(() -> grant.account().limits().kernelTime().toNanos());
    if (!limited && !grant.account().limits().kernelTime().isZero()) {
      log.warn(
          "device {} can't stop kernels: the kernel_time of tenant {} has no effect on it",
          device.ordinal(),
          grant.tenant());
    }
    Lane lane =
        services
            .queues()
            .get(device.ordinal())
            .lane(
                grant.tenant(),
                grant.weight(),
                TenantTerms.laneClass(grant.tenantClass()),
                TenantTerms.policy(grant.account().queue()));
    Residency residency = new Residency(domain, services.spills().get(device.ordinal()));
    SessionDevice opened =
        new SessionDevice(
            ordinal,
            device,
            domain,
            lane,
            residency,
            new LedgerPages(residency, grant.memory()),
            prints,
            services.limits().allocationsMax());
    made.set(opened);
    return opened;
  }

  private static FaultListener listener(
      ClientSession session, AtomicReference<@Nullable SessionDevice> made) {
    return new FaultListener() {
      @Override
      public void onFault(int result, String detail) {
        faulted(session, made.get(), result, detail);
      }

      @Override
      public void onFault(int result, String detail, long address) {
        SessionDevice device = made.get();
        String place =
            device == null || address < LEAST_DEVICE_ADDRESS
                ? ""
                : device.memory().describe(address);
        onFault(result, place.isEmpty() ? detail : detail + "; the address is " + place);
      }
    };
  }

  /** On a driver thread. Before the device is known to the session it can have no work. */
  private static void faulted(
      ClientSession session, @Nullable SessionDevice device, int result, String detail) {
    if (device != null) {
      log.warn(
          "session {} of tenant {} has a fault on device {}: {}: {}",
          session.id(),
          session.grant().tenant(),
          device.description().ordinal(),
          CUresult.forNumber(result),
          detail);
      device.faulted(result, detail);
      session.deviceFaulted();
    }
  }

  private static long slabBytes(long memoryBytes) {
    long wanted = Math.min(SLAB_BYTES_MAX / SPACE_FACTOR, memoryBytes) * SPACE_FACTOR;
    long rounded = Long.highestOneBit(Math.max(wanted, SLAB_BYTES_MIN) - 1) << 1;
    return Math.min(rounded, SLAB_BYTES_MAX);
  }
}
