// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.CallHandler;

/** The part of {@link SessionCalls} that hands calls to {@link ArrayCalls}. */
interface ArrayHandlers extends CallHandler {
  /** Where they go. */
  ArrayCalls arrays();

  @Override
  default void cuArray3DCreate(
      CallContext call,
      long width,
      long height,
      long depth,
      int format,
      int numChannels,
      int flags) {
    arrays()
        .create(
            SessionCall.own(call),
            new SessionArray.Shape(width, height, depth, format, numChannels, flags));
  }

  @Override
  default void cuArrayDestroy(CallContext call, long array) {
    arrays().destroy(SessionCall.own(call), array);
  }

  @Override
  default void cuTexObjectCreate(
      CallContext call,
      int resType,
      long address,
      int format,
      int numChannels,
      long width,
      long height,
      long pitch,
      long sizeInBytes,
      int[] addressModes,
      int filterMode,
      int flags,
      int maxAnisotropy,
      int[] borderColor) {
    arrays()
        .createTexture(
            SessionCall.own(call),
            new ArrayCalls.Resource(
                resType, address, format, numChannels, width, height, pitch, sizeInBytes),
            ArrayCalls.sampling(addressModes, filterMode, flags, maxAnisotropy, borderColor));
  }

  @Override
  default void cuTexObjectDestroy(CallContext call, long object) {
    arrays().destroyObject(SessionCall.own(call), object);
  }

  @Override
  default void cuSurfObjectCreate(CallContext call, long array) {
    arrays().createSurface(SessionCall.own(call), array);
  }

  @Override
  default void cuSurfObjectDestroy(CallContext call, long object) {
    arrays().destroyObject(SessionCall.own(call), object);
  }
}
