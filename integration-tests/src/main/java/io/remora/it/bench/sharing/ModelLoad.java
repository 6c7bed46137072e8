// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.server.driver.model.ModelDevice;

/** Whose kernels run on a modelled device. */
interface ModelLoad {
  /** Gives every span of device time to its owner. */
  ModelDevice.Occupancy TO_OWNER =
      (owner, fromNanos, toNanos) -> ((ModelLoad) owner).ran(fromNanos, toNanos);

  /** The device worked for it. */
  void ran(long fromNanos, long toNanos);
}
