// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import io.remora.v1.CUresult;

/** Told when work of a domain has faulted; from then on the domain answers that result to all. */
@FunctionalInterface
public interface FaultListener {
  /**
   * Called once, on a driver thread; must not block.
   *
   * @param result the sticky {@code CUresult}
   * @param detail kernel, block, thread, address: for people
   */
  void onFault(int result, String detail);

  /**
   * What the domain lives in has ended by somebody else's fault, and everything that it had on the
   * device is gone. Instead of {@link #onFault}, as that is called. The domain answers {@code
   * CUDA_ERROR_CONTEXT_IS_DESTROYED}; {@link Driver#reopen} may give it a successor.
   *
   * @param detail what happened: for people
   */
  default void onLost(String detail) {
    onFault(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE, detail);
  }
}
