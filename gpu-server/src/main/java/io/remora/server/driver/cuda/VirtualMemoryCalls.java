// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

/**
 * Virtual memory management, which the call table doesn't have because it isn't forwarded. Bound
 * only where a device says that it has it.
 */
final class VirtualMemoryCalls {
  private VirtualMemoryCalls() {}

  static native int cuMemGetAllocationGranularity(long[] bytes, long properties, int option);

  static native int cuMemAddressReserve(
      long[] address, long bytes, long alignment, long hint, long flags);

  static native int cuMemAddressFree(long address, long bytes);

  static native int cuMemCreate(long[] handle, long bytes, long properties, long flags);

  static native int cuMemRelease(long handle);

  static native int cuMemMap(long address, long bytes, long offset, long handle, long flags);

  static native int cuMemUnmap(long address, long bytes);

  static native int cuMemSetAccess(long address, long bytes, long descriptors, long count);
}
