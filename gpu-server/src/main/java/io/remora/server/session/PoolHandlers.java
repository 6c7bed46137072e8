// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.CallHandler;

/** The part of {@link SessionCalls} that hands calls to {@link PoolCalls}. */
interface PoolHandlers extends CallHandler {
  /** Where they go. */
  PoolCalls pools();

  @Override
  default void cuMemPoolCreate(
      CallContext call,
      long pool,
      int allocType,
      int handleTypes,
      int locationType,
      int locationId,
      long maxSize) {
    pools()
        .create(
            SessionCall.own(call),
            pool,
            new PoolCalls.Properties(allocType, handleTypes, maxSize),
            locationType,
            locationId);
  }

  @Override
  default void cuMemPoolDestroy(CallContext call, long pool) {
    pools().destroy(SessionCall.own(call), pool);
  }

  @Override
  default void cuMemPoolTrimTo(CallContext call, long pool, long minBytesToKeep) {
    pools().trimTo(SessionCall.own(call), pool, minBytesToKeep);
  }

  @Override
  default void cuMemPoolSetAttribute(CallContext call, long pool, int attr, long value) {
    pools().setAttribute(SessionCall.own(call), pool, attr, value);
  }

  @Override
  default void cuMemPoolGetAttribute(CallContext call, long pool, int attr) {
    pools().getAttribute(SessionCall.own(call), pool, attr);
  }

  @Override
  default void cuMemPoolSetAccess(
      CallContext call, long pool, int[] locationTypes, int[] locationIds, int[] flags) {
    pools().setAccess(SessionCall.own(call), pool, locationTypes, locationIds, flags);
  }

  @Override
  default void cuMemPoolGetAccess(
      CallContext call, long memPool, int locationType, int locationId) {
    pools().getAccess(SessionCall.own(call), memPool, locationType, locationId);
  }

  @Override
  default void cuDeviceGetDefaultMemPool(CallContext call, int dev) {
    pools().getDefault(SessionCall.own(call), dev);
  }

  @Override
  default void cuDeviceGetMemPool(CallContext call, int dev) {
    pools().getCurrent(SessionCall.own(call), dev);
  }

  @Override
  default void cuDeviceSetMemPool(CallContext call, int dev, long pool) {
    pools().setCurrent(SessionCall.own(call), dev, pool);
  }

  @Override
  default void cuMemAllocFromPoolAsync(CallContext call, long bytesize, long pool, long hStream) {
    pools().allocate(SessionCall.own(call), bytesize, pool, hStream);
  }
}
