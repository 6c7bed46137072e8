// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import jcuda.Pointer;
import jcuda.driver.CUaccessPolicyWindow;
import jcuda.driver.CUsynchronizationPolicy;
import org.jspecify.annotations.Nullable;

/**
 * Attributes of one stream. They are hints to a device, so nobody but the program hears of them.
 *
 * @param window which accesses should stay in the cache
 * @param policy {@code CUsynchronizationPolicy}
 */
record StreamAttributes(Window window, int policy) {
  /** What a stream has of which nothing was set. */
  static final StreamAttributes NONE =
      new StreamAttributes(
          new Window(null, 0, 0, 0, 0), CUsynchronizationPolicy.CU_SYNC_POLICY_AUTO);

  /** {@code CUaccessPolicyWindow}, which programs can change, as it was. */
  record Window(@Nullable Pointer base, long bytes, float hitRatio, int hit, int miss) {
    /** What a program says; nothing is said by null. */
    static Window of(@Nullable CUaccessPolicyWindow given) {
      return given == null
          ? NONE.window
          : new Window(
              given.base_ptr, given.num_bytes, given.hitRatio, given.hitProp, given.missProp);
    }

    CUaccessPolicyWindow forProgram() {
      return new CUaccessPolicyWindow(base, bytes, hitRatio, hit, miss);
    }
  }

  StreamAttributes withWindow(Window changed) {
    return new StreamAttributes(changed, policy);
  }

  StreamAttributes withPolicy(int changed) {
    return new StreamAttributes(window, changed);
  }
}
