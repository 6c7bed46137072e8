// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.CallHandler;

/** The part of {@link SessionCalls} that concerns contexts as a whole. */
interface ContextHandlers extends CallHandler {
  /** Where calls go. */
  ContextCalls contexts();

  /** Where those with events go. */
  ContextEvents contextEvents();

  @Override
  default void cuDevicePrimaryCtxReset(CallContext call, int dev) {
    contexts().cuDevicePrimaryCtxReset(SessionCall.own(call), dev);
  }

  /** The flags say how a host thread waits, which is the client's affair. */
  @Override
  default void cuCtxCreate(CallContext call, long pctx, int flags, int dev) {
    contexts().cuCtxCreate(SessionCall.own(call), pctx, dev);
  }

  @Override
  default void cuCtxDestroy(CallContext call, long ctx) {
    contexts().cuCtxDestroy(SessionCall.own(call), ctx);
  }

  @Override
  default void cuCtxSynchronizeV13000(CallContext call, long ctx) {
    contexts().cuCtxSynchronize(SessionCall.own(call), ctx);
  }

  @Override
  default void cuCtxSetLimit(CallContext call, int limit, long value) {
    contexts().cuCtxSetLimit(SessionCall.own(call), limit, value);
  }

  @Override
  default void remoraSetLimit(CallContext call, int limit, long value) {
    contexts().cuCtxSetLimit(SessionCall.own(call), limit, value);
  }

  @Override
  default void cuCtxRecordEvent(CallContext call, long event) {
    contextEvents().record(SessionCall.own(call), event);
  }

  @Override
  default void cuCtxWaitEvent(CallContext call, long event) {
    contextEvents().await(SessionCall.own(call), event);
  }
}
