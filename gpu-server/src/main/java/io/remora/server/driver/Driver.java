// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import io.remora.v1.CUresult;
import java.util.List;
import java.util.Map;

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
   * Does in the background what the first session would else wait for; once, when the server
   * accepts sessions. {@link #close} waits for it.
   */
  default void warmUp() {}

  /**
   * What a device can do for sessions that another can't, in words for the operator.
   *
   * @param device ordinal of {@link #devices()}
   */
  default List<String> abilities(int device) {
    return List.of();
  }

  /**
   * What a device's hardware has said of itself a moment ago. Doesn't wait: asking is what has
   * figures read again, about once a second at most, so the first answer is empty.
   *
   * @param device ordinal of {@link #devices()}
   * @return without the figures that the device doesn't have
   */
  default Map<DeviceFigure, Integer> figures(int device) {
    return Map.of();
  }

  /**
   * Opens what one session owns on one device: a slab of address space and a fault domain.
   *
   * @param device ordinal of {@link #devices()}
   * @param slabBytes size of the slab's address space, a power of two; nothing is committed yet
   * @param taken addresses that the slab must not have, if the device has others
   * @param faults told once when work of this domain has faulted
   * @param prints takes what the domain's kernels print
   * @throws DriverException if the device cannot reserve the slab
   */
  Domain open(
      int device, long slabBytes, TakenAddresses taken, FaultListener faults, PrintListener prints);

  /**
   * Opens a domain that is to take the place of another: its slab has the same addresses and
   * nothing in it yet. Until {@link Domain#takeOver} the other one remains what it is, and closing
   * the new one leaves no trace. On a worker.
   *
   * @param device ordinal of {@link #devices()}: another one of the same kind, or the same one
   *     again
   * @param image what the other domain has
   * @throws DriverException {@code CUDA_ERROR_NOT_SUPPORTED} if the driver can't do it, or not now;
   *     {@code CUDA_ERROR_OUT_OF_MEMORY} if the addresses can't be had
   */
  default Domain reopen(int device, DomainImage image, FaultListener faults, PrintListener prints) {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
        "a " + kind() + " device's sessions can't be moved");
  }

  /**
   * Opens a domain that is to take the place of one on another server. Nobody here has its
   * addresses, and nobody else gets them; closing the domain gives them back. On a worker.
   *
   * @param device ordinal of {@link #devices()}: one of the same kind
   * @param image what the other domain has, with times by {@link #nanos}
   * @throws DriverException {@code CUDA_ERROR_NOT_SUPPORTED} if the driver can't do it; {@code
   *     CUDA_ERROR_OUT_OF_MEMORY} if the addresses are in use here
   */
  default Domain receive(
      int device, DomainImage image, FaultListener faults, PrintListener prints) {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
        "a " + kind() + " device takes no sessions from other servers");
  }

  /**
   * The clock that events' times are taken from.
   *
   * @throws DriverException {@code CUDA_ERROR_NOT_SUPPORTED} if events can't be had again elsewhere
   */
  default long nanos() {
    throw new DriverException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
        "a " + kind() + " device's sessions can't be moved to another server");
  }

  /**
   * Makes a device usable again if a fault has ended what all its domains live in. Domains that
   * were there then have ended. On a worker.
   *
   * @param device ordinal of {@link #devices()}
   * @return whether this call has replaced something; false if there was nothing to do
   * @throws DriverException if the device can't be had again
   */
  default boolean renew(int device) {
    return false;
  }

  /** Stops all work and frees everything. Domains must be closed before. */
  @Override
  void close();
}
