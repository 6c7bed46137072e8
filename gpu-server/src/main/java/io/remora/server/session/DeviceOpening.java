// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Domain;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.TakenAddresses;
import io.remora.server.queue.Lane;
import io.remora.server.tenant.TenantGrant;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;

/** Opens the devices that a tenant may use. Runs on a worker. */
final class DeviceOpening {
  /** Address space costs nothing; twice the quota leaves room for gaps. */
  private static final int SPACE_FACTOR = 2;

  private static final long SLAB_BYTES_MIN = 1L << 28;
  private static final long SLAB_BYTES_MAX = 1L << 42;

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
          opened.add(open(session, session.part().firstDevice() + opened.size(), device));
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
    DomainTerms terms = new DomainTerms(session, prints);
    Domain domain =
        terms.open(
            device.ordinal(), slabBytes(session.totalMemoryBytes(device)), session.part().taken());
    requireApart(domain, session.part().taken(), device);
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
            terms,
            residency,
            new LedgerPages(residency, grant.memory()),
            prints,
            services.limits().allocationsMax());
    terms.madeFor(opened);
    return opened;
  }

  /** No driver gives such addresses unless it has no others. */
  private static void requireApart(Domain domain, TakenAddresses taken, DeviceDescription device) {
    if (taken.overlap(domain.slabAddress(), domain.slabBytes())) {
      domain.close();
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "device "
              + device.ordinal()
              + " has no addresses left that the program's devices on other servers don't have:"
              + " smaller quotas need fewer, or take all devices from one server");
    }
  }

  private static long slabBytes(long memoryBytes) {
    long wanted = Math.min(SLAB_BYTES_MAX / SPACE_FACTOR, memoryBytes) * SPACE_FACTOR;
    long rounded = Long.highestOneBit(Math.max(wanted, SLAB_BYTES_MIN) - 1) << 1;
    return Math.min(rounded, SLAB_BYTES_MAX);
  }
}
