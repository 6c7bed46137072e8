// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.Driver;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.FaultListener;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.server.tenant.Isolation;
import io.remora.server.tenant.TenantGrant;
import io.remora.v1.CUresult;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a session's domains are opened for one of its devices, the first time and whenever another
 * takes its place: who is told of faults and prints, and how long kernels may run. On workers.
 */
final class DomainTerms implements FaultListener {
  private static final Logger log = LoggerFactory.getLogger(DomainTerms.class);

  /** Below are null pointers with an offset and offsets in a block's own memory. */
  private static final long LEAST_DEVICE_ADDRESS = 1 << 20;

  private final ClientSession session;
  private final PrintListener prints;

  /** Null until the device is known to the session; before that it can have no work. */
  private volatile @Nullable SessionDevice device;

  /** What has ended the domain before that. */
  private volatile @Nullable String lostEarly;

  DomainTerms(ClientSession session, PrintBuffer buffer) {
    this.session = session;
    this.prints =
        text -> {
          buffer.add(text);
          session.deviceOutput().printed();
        };
  }

  /** Says whose domains they are. */
  void madeFor(SessionDevice made) {
    device = made;
    String detail = lostEarly;
    if (detail != null) {
      session.relocation().lost(made, detail);
    }
  }

  /** Opens a domain with new addresses. */
  Domain open(int ordinal, long slabBytes, TakenAddresses taken) {
    return limited(ordinal, driver().open(ordinal, slabBytes, taken, this, prints));
  }

  /** Opens a domain that is to take another's place. */
  Domain reopen(int ordinal, DomainImage image) {
    return limited(ordinal, driver().reopen(ordinal, image, this, prints));
  }

  /** Opens a domain that is to take the place of one on another server. */
  Domain receive(int ordinal, DomainImage image) {
    return limited(ordinal, driver().receive(ordinal, image, this, prints));
  }

  private Driver driver() {
    return session.services().driver();
  }

  private Domain limited(int ordinal, Domain domain) {
    TenantGrant grant = session.grant();
    if (grant.isolation() == Isolation.GUARDED && !domain.fenceKernels()) {
      domain.close();
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "device "
              + ordinal
              + " can't keep kernels to their session's memory: give tenant '"
              + grant.tenant()
              + "' a server of its own and isolation 'shared' (docs/security.md)");
    }
    boolean limited = domain.limitKernelTime(() -> grant.account().limits().kernelTime().toNanos());
    if (!limited && !grant.account().limits().kernelTime().isZero()) {
      log.warn(
          "device {} can't stop kernels: the kernel_time of tenant {} has no effect on it",
          ordinal,
          grant.tenant());
    }
    return domain;
  }

  /** On a driver thread. */
  @Override
  public void onFault(int result, String detail) {
    SessionDevice faulty = device;
    if (faulty != null) {
      int ordinal = faulty.description().ordinal();
      log.warn(
          "session {} of tenant {} has a fault on device {}: {}: {}",
          session.id(),
          session.grant().tenant(),
          ordinal,
          CUresult.forNumber(result),
          detail);
      faulty.faulted(result, detail);
      session.faults().deviceFaulted();
      session.services().renewal().faulted(ordinal, detail);
    }
  }

  /** On a driver thread. */
  @Override
  public void onFault(int result, String detail, long address) {
    SessionDevice faulty = device;
    String place =
        faulty == null || address < LEAST_DEVICE_ADDRESS ? "" : faulty.memory().describe(address);
    onFault(result, place.isEmpty() ? detail : detail + "; the address is " + place);
  }

  /** On a driver thread. */
  @Override
  public void onLost(String detail) {
    SessionDevice lost = device;
    if (lost != null) {
      session.relocation().lost(lost, detail);
    } else {
      lostEarly = detail;
    }
  }
}
