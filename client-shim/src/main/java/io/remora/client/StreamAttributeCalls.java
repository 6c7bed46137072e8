// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.OptionalLong;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamAttrID;
import jcuda.driver.CUstreamAttrValue;
import jcuda.driver.CUsynchronizationPolicy;
import org.jspecify.annotations.Nullable;

/** Attributes of streams: those two for which JCuda's structure has a place. */
interface StreamAttributeCalls extends TableCalls {
  /** {@code CU_STREAM_LEGACY}: each context has one. */
  long LEGACY = 1;

  /** No handle has this bit. */
  long OF_CONTEXT = 1L << 62;

  /** Under what a stream's attributes are kept; nothing if there is no such stream. */
  private OptionalLong key(@Nullable CUstream stream) {
    long handle = core().stream(core().thread(), stream);
    ClientContext current = core().thread().current();
    if (handle == 0 || handle == LEGACY) {
      return current == null
          ? OptionalLong.empty()
          : OptionalLong.of(OF_CONTEXT | current.handle());
    }
    return core().streams().containsKey(handle) ? OptionalLong.of(handle) : OptionalLong.empty();
  }

  private StreamAttributes find(long key) {
    return core().streamAttributes().getOrDefault(key, StreamAttributes.NONE);
  }

  @Override
  default int cuStreamGetAttribute(
      @Nullable CUstream hStream, int attr, @Nullable CUstreamAttrValue valueOut) {
    int refused = core().refusal(core().thread());
    if (refused != CUresult.CUDA_SUCCESS) {
      return refused;
    }
    OptionalLong key = key(hStream);
    if (key.isEmpty() || valueOut == null) {
      return key.isEmpty() ? CUresult.CUDA_ERROR_INVALID_HANDLE : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    StreamAttributes found = find(key.getAsLong());
    switch (attr) {
      case CUstreamAttrID.CU_STREAM_ATTRIBUTE_ACCESS_POLICY_WINDOW ->
          valueOut.accessPolicyWindow = found.window().forProgram();
      case CUstreamAttrID.CU_STREAM_ATTRIBUTE_SYNCHRONIZATION_POLICY ->
          valueOut.syncPolicy = found.policy();
      default -> {
        return noPlace("cuStreamGetAttribute");
      }
    }
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuStreamSetAttribute(
      @Nullable CUstream hStream, int attr, @Nullable CUstreamAttrValue value) {
    int refused = core().refusal(core().thread());
    if (refused != CUresult.CUDA_SUCCESS) {
      return refused;
    }
    OptionalLong key = key(hStream);
    if (key.isEmpty() || value == null) {
      return key.isEmpty() ? CUresult.CUDA_ERROR_INVALID_HANDLE : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    switch (attr) {
      case CUstreamAttrID.CU_STREAM_ATTRIBUTE_ACCESS_POLICY_WINDOW -> {
        var window = StreamAttributes.Window.of(value.accessPolicyWindow);
        change(key.getAsLong(), StreamAttributes.NONE.withWindow(window), true);
      }
      case CUstreamAttrID.CU_STREAM_ATTRIBUTE_SYNCHRONIZATION_POLICY -> {
        if (value.syncPolicy < CUsynchronizationPolicy.CU_SYNC_POLICY_AUTO
            || value.syncPolicy > CUsynchronizationPolicy.CU_SYNC_POLICY_BLOCKING_SYNC) {
          return CUresult.CUDA_ERROR_INVALID_VALUE;
        }
        change(key.getAsLong(), StreamAttributes.NONE.withPolicy(value.syncPolicy), false);
      }
      default -> {
        return noPlace("cuStreamSetAttribute");
      }
    }
    return core().local(CUresult.CUDA_SUCCESS);
  }

  private void change(long key, StreamAttributes to, boolean window) {
    core()
        .streamAttributes()
        .merge(
            key,
            to,
            (before, now) ->
                window ? before.withWindow(now.window()) : before.withPolicy(now.policy()));
  }

  private int noPlace(String call) {
    core()
        .thread()
        .explain(call, "JCuda's structure has the access policy and the way of waiting only");
    return CUresult.CUDA_ERROR_NOT_SUPPORTED;
  }

  @Override
  default int cuStreamCopyAttributes(@Nullable CUstream dst, @Nullable CUstream src) {
    int refused = core().refusal(core().thread());
    if (refused != CUresult.CUDA_SUCCESS) {
      return refused;
    }
    OptionalLong to = key(dst);
    OptionalLong from = key(src);
    if (to.isEmpty() || from.isEmpty()) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    core().streamAttributes().put(to.getAsLong(), find(from.getAsLong()));
    return core().local(CUresult.CUDA_SUCCESS);
  }
}
