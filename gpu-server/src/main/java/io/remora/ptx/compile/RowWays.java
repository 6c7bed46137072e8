// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import org.jspecify.annotations.Nullable;

/**
 * Where threads go from one row form of a region.
 *
 * @param usual state of most threads behind the region
 * @param other method that is tried for a row that goes another way, or null
 */
record RowWays(int usual, @Nullable String other) {
  /**
   * Name of a row form's method.
   *
   * @param alternative 0 for the usual way through the region
   */
  static String methodName(int region, int alternative) {
    return "rows" + region + (alternative == 0 ? "" : "or" + alternative);
  }
}
