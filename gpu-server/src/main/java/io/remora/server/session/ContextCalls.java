// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUlimit;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;

/**
 * Contexts, which are the session's own invention: see {@link VirtualContext}. Belongs to the
 * session's serial executor.
 */
final class ContextCalls {
  private static final int MALLOC_HEAP_SIZE = CUlimit.CU_LIMIT_MALLOC_HEAP_SIZE_VALUE;
  private static final int PRINTF_FIFO_SIZE = CUlimit.CU_LIMIT_PRINTF_FIFO_SIZE_VALUE;

  private final ClientSession session;
  private final SessionCalls calls;

  ContextCalls(ClientSession session, SessionCalls calls) {
    this.session = session;
    this.calls = calls;
  }

  void cuCtxCreate(SessionCall call, long handle, int device) {
    SessionObjects objects = session.objects();
    objects.checkCreatable(objects.contexts(), handle);
    objects.create(objects.contexts(), handle, objects.newContext(handle, objects.device(device)));
    call.succeed();
  }

  void cuCtxDestroy(SessionCall call, long handle) {
    VirtualContext context = session.objects().contexts().get(handle);
    if (context == null) {
      throw new CallException(
          CUresult.CUDA_ERROR_INVALID_CONTEXT_VALUE, "only contexts that were created end so");
    }
    end(context);
    call.succeed();
  }

  void cuDevicePrimaryCtxReset(SessionCall call, int device) {
    session.objects().device(device);
    VirtualContext context = session.objects().usedPrimary(device);
    if (context != null) {
      end(context);
    }
    call.succeed();
  }

  /** Frees what the session owns in a context, and nothing of anybody else. */
  private void end(VirtualContext context) {
    SessionObjects objects = session.objects();
    objects.streams().removeIf(stream -> stream.context() == context, calls.streams()::destroy);
    objects.events().removeIf(event -> event.context() == context, calls.events()::destroy);
    calls.modules().contextEnds(context);
    SessionDevice device = context.device();
    for (Allocation allocation : device.memory().ownedBy(context.handle())) {
      if (!allocation.isModuleVariable()) {
        calls.memory().free(device, allocation);
      }
    }
    session
        .epochs()
        .afterWorkSoFar(
            () -> {
              boolean unused = device.pools().trimAll();
            });
    calls.streams().destroy(context.legacy());
    objects.forget(context);
  }

  void cuCtxSynchronize(SessionCall call, long handle) {
    VirtualContext context = handle == 0 ? call.context() : session.objects().context(handle);
    session.captures().refuse(context);
    List<SessionStream> busy = new ArrayList<>();
    for (SessionStream stream : session.objects().streamsOn(context.device())) {
      if (stream.context() == context && !stream.isIdle()) {
        busy.add(stream);
      }
    }
    if (busy.isEmpty()) {
      session.faults().answerAfterWait(call, context.device());
      return;
    }
    int[] left = {busy.size()};
    for (SessionStream stream : busy) {
      stream.whenIdle(
          () -> {
            if (--left[0] == 0) {
              session.faults().answerAfterWait(call, context.device());
            }
          });
    }
  }

  /**
   * A limit counts for this context only; what the device has beyond it is not asked. Those of the
   * heap and of printf hold for all contexts of the session on the device.
   */
  void cuCtxSetLimit(SessionCall call, int limit, long value) {
    VirtualContext context = call.context();
    if (!context.limits().containsKey(limit)) {
      throw new CallException(
          CUresult.CUDA_ERROR_UNSUPPORTED_LIMIT_VALUE, "the device has no limit " + limit);
    }
    if (limit == PRINTF_FIFO_SIZE) {
      if (value < 0 || value > PrintBuffer.BYTES_MAX) {
        throw new CallException(
            CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
            "the buffer of printf may have " + PrintBuffer.BYTES_MAX + " bytes at most");
      }
      context.device().prints().setBytesMax(value);
    }
    if (limit == MALLOC_HEAP_SIZE) {
      context.device().limitHeap(value);
    }
    context.limits().put(limit, value);
    call.succeed();
  }
}
