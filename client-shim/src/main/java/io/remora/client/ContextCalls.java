// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.v1.DeviceSnapshot;
import io.remora.wire.WireWriter;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUlimit;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Contexts. The stack of current contexts and what can be asked of a context live here; the server
 * hears of a context only when it is created, reset or destroyed.
 */
interface ContextCalls extends TableCalls {
  /** The API version that contexts have had since CUDA 3.2. */
  int CONTEXT_API_VERSION = 3020;

  /** All bits that {@code CUctx_flags} has. */
  int CONTEXT_FLAGS = 0xff;

  @Override
  default int cuDevicePrimaryCtxRetain(@Nullable CUcontext pctx, @Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceCalls.DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    if (pctx == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    core().contexts().retain(device.getOrdinal());
    JCudaFields.setValue(pctx, core().contexts().primary(device.getOrdinal()).visible());
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDevicePrimaryCtxRelease(@Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceCalls.DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    int left = core().contexts().release(device.getOrdinal());
    if (left < 0) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    return left > 0 ? core().local(CUresult.CUDA_SUCCESS) : cuDevicePrimaryCtxReset(dev);
  }

  @Override
  default int cuDevicePrimaryCtxReset(@Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceCalls.DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    ClientCore core = core();
    ClientContext primary = core.contexts().primary(device.getOrdinal());
    primary.setAlive(core.contexts().isRetained(device.getOrdinal()));
    core.streams().values().removeIf(each -> each.context() == primary);
    WireWriter out = core.begin(Calls.CU_DEVICE_PRIMARY_CTX_RESET, core.thread());
    try {
      CallWriter.cuDevicePrimaryCtxReset(out, device.getOrdinal());
      return core.endAsync();
    } finally {
      core.release();
    }
  }

  @Override
  default int cuDevicePrimaryCtxSetFlags(@Nullable CUdevice dev, int flags) {
    DeviceSnapshot device = DeviceCalls.DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    if ((flags & ~CONTEXT_FLAGS) != 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    core().contexts().primary(device.getOrdinal()).setFlags(flags);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDevicePrimaryCtxGetState(
      @Nullable CUdevice dev, int @Nullable [] flags, int @Nullable [] active) {
    DeviceSnapshot device = DeviceCalls.DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    int ordinal = device.getOrdinal();
    int result =
        DeviceCalls.DeviceValues.give(core(), flags, core().contexts().primary(ordinal).flags());
    return result != CUresult.CUDA_SUCCESS
        ? result
        : DeviceCalls.DeviceValues.give(
            core(), active, core().contexts().isRetained(ordinal) ? 1 : 0);
  }

  @Override
  default int cuCtxCreate(@Nullable CUcontext pctx, int flags, @Nullable CUdevice dev) {
    ClientCore core = core();
    DeviceSnapshot device = DeviceCalls.DeviceValues.find(core, dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    if (pctx == null || (flags & ~CONTEXT_FLAGS) != 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ThreadState thread = core.thread();
    long handle = core.newHandleNear(device.getOrdinal());
    WireWriter out = core.begin(Calls.CU_CTX_CREATE, thread);
    int result;
    try {
      CallWriter.cuCtxCreate(out, handle, flags, device.getOrdinal());
      result = core.endAsync();
    } finally {
      core.release();
    }
    if (result == CUresult.CUDA_SUCCESS) {
      ClientContext context =
          new ClientContext(handle, device.getOrdinal(), flags, device.getLimitsMap());
      core.contexts().add(context);
      thread.push(context);
      JCudaFields.setValue(pctx, context.visible());
    }
    return result;
  }

  @Override
  default int cuCtxDestroy(@Nullable CUcontext ctx) {
    ClientCore core = core();
    ClientContext context = core.contexts().find(JCudaFields.value(ctx));
    if (context == null || context.handle() < ClientContext.FIRST_CREATED) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    ThreadState thread = core.thread();
    core.contexts().remove(context);
    core.streams().values().removeIf(each -> each.context() == context);
    if (thread.current() == context) {
      thread.pop();
    }
    WireWriter out = core.begin(Calls.CU_CTX_DESTROY, thread);
    try {
      CallWriter.cuCtxDestroy(out, context.handle());
      return core.endAsync();
    } finally {
      core.release();
    }
  }

  @Override
  default int cuCtxAttach(@Nullable CUcontext pctx, int flags) {
    ClientCore core = core();
    ThreadState thread = core.thread();
    int refused = core.refusal(thread);
    ClientContext context = thread.current();
    if (refused != CUresult.CUDA_SUCCESS || context == null) {
      return refused;
    }
    if (pctx == null || flags != 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    // A primary context counts those who retain it already.
    if (context.handle() < ClientContext.FIRST_CREATED) {
      core.contexts().retain(context.device());
    } else {
      context.attach();
    }
    JCudaFields.setValue(pctx, context.visible());
    return core.local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxDetach(@Nullable CUcontext ctx) {
    ClientCore core = core();
    ThreadState thread = core.thread();
    int refused = core.refusal(thread);
    ClientContext context = thread.current();
    if (refused != CUresult.CUDA_SUCCESS || context == null) {
      return refused;
    }
    if (core.contexts().find(JCudaFields.value(ctx)) != context) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    if (context.handle() < ClientContext.FIRST_CREATED) {
      CUdevice device = new CUdevice();
      JCudaFields.setValue(device, context.device());
      return cuDevicePrimaryCtxRelease(device);
    }
    return context.detach() ? core.local(CUresult.CUDA_SUCCESS) : cuCtxDestroy(ctx);
  }

  @Override
  default int cuCtxPushCurrent(@Nullable CUcontext ctx) {
    ClientContext context = core().contexts().find(JCudaFields.value(ctx));
    if (context == null) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    core().thread().push(context);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxPopCurrent(@Nullable CUcontext pctx) {
    ClientContext context = core().thread().pop();
    if (context == null) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    if (pctx != null) {
      JCudaFields.setValue(pctx, context.visible());
    }
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxSetCurrent(@Nullable CUcontext ctx) {
    long visible = JCudaFields.value(ctx);
    ClientContext context = core().contexts().find(visible);
    if (visible != 0 && context == null) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    core().thread().setCurrent(context);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxGetCurrent(@Nullable CUcontext pctx) {
    if (pctx == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ClientContext context = core().thread().current();
    JCudaFields.setValue(pctx, context == null ? 0 : context.visible());
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxGetDevice(@Nullable CUdevice device) {
    ClientContext context = core().thread().current();
    if (context == null || device == null) {
      return context == null
          ? CUresult.CUDA_ERROR_INVALID_CONTEXT
          : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    JCudaFields.setValue(device, context.device());
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxGetFlags(int @Nullable [] flags) {
    ClientContext context = core().thread().current();
    return context == null
        ? CUresult.CUDA_ERROR_INVALID_CONTEXT
        : DeviceCalls.DeviceValues.give(core(), flags, context.flags());
  }

  @Override
  default int cuCtxGetId(@Nullable CUcontext ctx, long @Nullable [] ctxId) {
    ClientContext context =
        ctx == null ? core().thread().current() : core().contexts().find(JCudaFields.value(ctx));
    if (context == null || ctxId == null) {
      return context == null
          ? CUresult.CUDA_ERROR_INVALID_CONTEXT
          : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    // Handles are never used again in a session, so they are as good as identifiers.
    ctxId[0] = context.visible();
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxGetApiVersion(@Nullable CUcontext ctx, int @Nullable [] version) {
    boolean known =
        ctx == null
            ? core().thread().current() != null
            : core().contexts().find(JCudaFields.value(ctx)) != null;
    return known
        ? DeviceCalls.DeviceValues.give(core(), version, CONTEXT_API_VERSION)
        : CUresult.CUDA_ERROR_INVALID_CONTEXT;
  }

  @Override
  default int cuCtxGetStreamPriorityRange(
      int @Nullable [] leastPriority, int @Nullable [] greatestPriority) {
    ClientContext context = core().thread().current();
    if (context == null) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    DeviceSnapshot device = core().contexts().devices().get(context.device());
    if (leastPriority != null) {
      leastPriority[0] = device.getStreamPriorityLeast();
    }
    if (greatestPriority != null) {
      greatestPriority[0] = device.getStreamPriorityGreatest();
    }
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxSetLimit(int limit, long value) {
    ClientCore core = core();
    ThreadState thread = core.thread();
    int refused = core.refusal(thread);
    ClientContext context = thread.current();
    if (refused != CUresult.CUDA_SUCCESS || context == null) {
      return refused;
    }
    if (!context.limits().containsKey(limit)) {
      return CUresult.CUDA_ERROR_UNSUPPORTED_LIMIT;
    }
    if (limit == CUlimit.CU_LIMIT_MALLOC_HEAP_SIZE) {
      return setRefusableLimit(thread, context, limit, value);
    }
    WireWriter out = core.begin(Calls.CU_CTX_SET_LIMIT, thread);
    try {
      CallWriter.cuCtxSetLimit(out, limit, value);
      context.limits().put(limit, value);
      return core.endAsync();
    } finally {
      core.release();
    }
  }

  /** Waits for the answer: it may be too late for the limit, or there is no room. */
  private int setRefusableLimit(ThreadState thread, ClientContext context, int limit, long value) {
    ClientCore core = core();
    WireWriter out = core.begin(Calls.REMORA_SET_LIMIT, thread);
    try {
      CallWriter.remoraSetLimit(out, limit, value);
      core.endSync(thread);
    } finally {
      core.release();
    }
    int result = core.await(thread, Calls.REMORA_SET_LIMIT);
    if (result == CUresult.CUDA_SUCCESS) {
      context.limits().put(limit, value);
    }
    return result;
  }

  @Override
  default int cuCtxGetLimit(long @Nullable [] pvalue, int limit) {
    ClientContext context = core().thread().current();
    if (context == null) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    Long value = context.limits().get(limit);
    if (value == null || pvalue == null) {
      return value == null
          ? CUresult.CUDA_ERROR_UNSUPPORTED_LIMIT
          : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    pvalue[0] = value;
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxGetCacheConfig(int @Nullable [] pconfig) {
    ClientContext context = core().thread().current();
    return context == null
        ? CUresult.CUDA_ERROR_INVALID_CONTEXT
        : DeviceCalls.DeviceValues.give(core(), pconfig, context.cacheConfig());
  }

  @Override
  default int cuProfilerStart() {
    return core().local(hasContext());
  }

  @Override
  default int cuProfilerStop() {
    return core().local(hasContext());
  }

  /** Nothing persists, since access policies are kept without effect. */
  @Override
  default int cuCtxResetPersistingL2Cache() {
    return core().local(hasContext());
  }

  private int hasContext() {
    return core().thread().current() == null
        ? CUresult.CUDA_ERROR_INVALID_CONTEXT
        : CUresult.CUDA_SUCCESS;
  }

  @Override
  default int cuCtxSetCacheConfig(int config) {
    ClientContext context = core().thread().current();
    if (context == null || config < 0 || config > 3) {
      return context == null
          ? CUresult.CUDA_ERROR_INVALID_CONTEXT
          : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    context.setCacheConfig(config);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuCtxGetSharedMemConfig(int @Nullable [] pConfig) {
    ClientContext context = core().thread().current();
    return context == null
        ? CUresult.CUDA_ERROR_INVALID_CONTEXT
        : DeviceCalls.DeviceValues.give(core(), pConfig, context.sharedMemoryConfig());
  }

  @Override
  default int cuCtxSetSharedMemConfig(int config) {
    ClientContext context = core().thread().current();
    if (context == null || config < 0 || config > 2) {
      return context == null
          ? CUresult.CUDA_ERROR_INVALID_CONTEXT
          : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    context.setSharedMemoryConfig(config);
    return core().local(CUresult.CUDA_SUCCESS);
  }
}
