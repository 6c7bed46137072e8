// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import java.util.List;

/**
 * One way of executing CUDA work: real GPUs, or the software device. Owned by the server for its
 * whole life; all methods may be called from any thread.
 */
public interface Driver extends AutoCloseable {
  /** {@code "software"} or {@code "cuda"}. */
  String kind();

  /** As {@code cuDriverGetVersion} answers, e.g. 13000. */
  int driverVersion();

  /** The devices in ordinal order; fixed for the life of the driver. */
  List<DeviceDescription> devices();

  /**
   * What a device can do for sessions that another can't, in words for the operator.
   *
   * @param device ordinal of {@link #devices()}
   */
  default List<String> abilities(int device) {
    return List.of();
  }

  /**
   * Opens what one session owns on one device: a slab of address space and a fault domain.
   *
   * @param device ordinal of {@link #devices()}
   * @param slabBytes size of the slab's address space, a power of two; nothing is committed yet
   * @param faults told once when work of this domain has faulted
   * @param prints takes what the domain's kernels print
   * @throws DriverException if the device cannot reserve the slab
   */
  Domain open(int device, long slabBytes, FaultListener faults, PrintListener prints);

  /** Stops all work and frees everything. Domains must be closed before. */
  @Override
  void close();
}
