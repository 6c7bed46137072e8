// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.CallHandler;

/** The part of {@link SessionCalls} that hands calls to {@link VirtualMemoryCalls}. */
interface VirtualMemoryHandlers extends CallHandler {
  /** Where they go. */
  VirtualMemoryCalls virtualMemory();

  @Override
  default void cuMemAddressReserve(
      CallContext call, long size, long alignment, long addr, long flags) {
    virtualMemory().reserve(SessionCall.own(call), size, alignment);
  }

  @Override
  default void cuMemAddressFree(CallContext call, long ptr, long size) {
    virtualMemory().unreserve(SessionCall.own(call), ptr, size);
  }

  @Override
  default void cuMemCreate(
      CallContext call,
      long handle,
      long size,
      long flags,
      int allocType,
      int handleTypes,
      int locationType,
      int locationId) {
    virtualMemory()
        .create(
            SessionCall.own(call), handle, size, allocType, handleTypes, locationType, locationId);
  }

  @Override
  default void cuMemRelease(CallContext call, long handle) {
    virtualMemory().release(SessionCall.own(call), handle);
  }

  @Override
  default void cuMemMap(
      CallContext call, long ptr, long size, long offset, long handle, long flags) {
    virtualMemory().map(SessionCall.own(call), ptr, size, handle);
  }

  @Override
  default void cuMemUnmap(CallContext call, long ptr, long size) {
    virtualMemory().unmap(SessionCall.own(call), ptr, size);
  }

  @Override
  default void cuMemSetAccess(
      CallContext call, long ptr, long size, int[] locationTypes, int[] locationIds, int[] access) {
    virtualMemory().setAccess(SessionCall.own(call), ptr, size, locationTypes, locationIds, access);
  }

  @Override
  default void cuMemGetAccess(CallContext call, long ptr, int locationType, int locationId) {
    virtualMemory().access(SessionCall.own(call), ptr, locationType, locationId);
  }

  @Override
  default void cuMemGetAllocationGranularity(
      CallContext call, int option, int locationType, int locationId) {
    virtualMemory().granularity(SessionCall.own(call), locationType, locationId);
  }

  @Override
  default void cuMemGetAllocationPropertiesFromHandle(CallContext call, long handle) {
    virtualMemory().properties(SessionCall.own(call), handle);
  }

  @Override
  default void cuMemRetainAllocationHandle(CallContext call, long addr) {
    virtualMemory().retain(SessionCall.own(call), addr);
  }
}
