// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.CallHandler;
import io.remora.wire.Payload;

/** The part of {@link SessionCalls} that hands copies to the classes that make them. */
interface CopyHandlers extends CallHandler {
  /** To and within devices. */
  CopyCalls copies();

  /** To the host. */
  Downloads downloads();

  @Override
  default void cuMemcpyHtoDAsync(
      CallContext call,
      long dstDevice,
      Payload srcHost,
      long byteCount,
      long hStream,
      long chunkOffset) {
    copies().toDevice(SessionCall.own(call), dstDevice, srcHost, byteCount, hStream, chunkOffset);
  }

  @Override
  default void cuMemcpyDtoHAsync(CallContext call, long srcDevice, long byteCount, long hStream) {
    downloads().toHost(SessionCall.own(call), srcDevice, byteCount, hStream);
  }

  @Override
  default void cuMemcpyDtoDAsync(
      CallContext call, long dstDevice, long srcDevice, long byteCount, long hStream) {
    copies().onDevice(SessionCall.own(call), dstDevice, srcDevice, byteCount, hStream);
  }

  @Override
  default void cuMemcpyPeerAsync(
      CallContext call,
      long dstDevice,
      long dstContext,
      long srcDevice,
      long srcContext,
      long byteCount,
      long hStream) {
    copies()
        .onPeer(
            SessionCall.own(call),
            dstDevice,
            dstContext,
            srcDevice,
            srcContext,
            byteCount,
            hStream);
  }

  @Override
  default void remoraCopyRowsToDevice(
      CallContext call,
      long dstDevice,
      long dstPitch,
      long widthBytes,
      long height,
      long hStream,
      Payload rows,
      long chunkOffset) {
    copies()
        .rowsToDevice(
            SessionCall.own(call),
            dstDevice,
            dstPitch,
            widthBytes,
            height,
            hStream,
            rows,
            chunkOffset);
  }

  @Override
  default void remoraCopyRowsOnDevice(
      CallContext call,
      long dstDevice,
      long dstPitch,
      long srcDevice,
      long srcPitch,
      long widthBytes,
      long height,
      long hStream) {
    CopyCalls.Rows rows =
        new CopyCalls.Rows(dstDevice, dstPitch, srcDevice, srcPitch, widthBytes, height);
    copies().rowsOnDevice(SessionCall.own(call), rows, hStream);
  }

  @Override
  default void remoraCopyRowsToHost(
      CallContext call, long srcDevice, long srcPitch, long widthBytes, long height, long hStream) {
    downloads().rowsToHost(SessionCall.own(call), srcDevice, srcPitch, widthBytes, height, hStream);
  }
}
