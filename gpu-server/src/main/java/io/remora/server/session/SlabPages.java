// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** Backs granules of a slab with memory, and takes it away again. */
interface SlabPages {
  /**
   * Backs a part of the slab; whole granules.
   *
   * @throws io.remora.server.driver.DriverException {@code CUDA_ERROR_OUT_OF_MEMORY} if the quota
   *     or the device has no more; nothing has changed then
   */
  void commit(long address, long bytes);

  /** Takes the memory behind a part of the slab away; whole granules that were committed. */
  void decommit(long address, long bytes);
}
