// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import java.util.Map;

/** What a device allows a launch to be, taken from its attributes once. */
record LaunchLimits(
    int threadsPerBlockMax,
    int blockXMax,
    int blockYMax,
    int blockZMax,
    int gridXMax,
    int gridYMax,
    int gridZMax,
    int sharedBytesMax,
    boolean cooperative,
    boolean clusters) {
  // CUdevice_attribute.
  private static final int MAX_THREADS_PER_BLOCK = 1;
  private static final int MAX_BLOCK_DIM_X = 2;
  private static final int MAX_BLOCK_DIM_Y = 3;
  private static final int MAX_BLOCK_DIM_Z = 4;
  private static final int MAX_GRID_DIM_X = 5;
  private static final int MAX_GRID_DIM_Y = 6;
  private static final int MAX_GRID_DIM_Z = 7;
  private static final int MAX_SHARED_MEMORY_PER_BLOCK = 8;
  private static final int COOPERATIVE_LAUNCH = 95;
  private static final int MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97;
  private static final int CLUSTER_LAUNCH = 120;

  /** The limits of a device; an attribute that it doesn't state doesn't limit. */
  static LaunchLimits of(DeviceDescription device) {
    Map<Integer, Integer> attributes = device.attributes();
    return new LaunchLimits(
        limit(attributes, MAX_THREADS_PER_BLOCK),
        limit(attributes, MAX_BLOCK_DIM_X),
        limit(attributes, MAX_BLOCK_DIM_Y),
        limit(attributes, MAX_BLOCK_DIM_Z),
        limit(attributes, MAX_GRID_DIM_X),
        limit(attributes, MAX_GRID_DIM_Y),
        limit(attributes, MAX_GRID_DIM_Z),
        attributes.getOrDefault(
            MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, limit(attributes, MAX_SHARED_MEMORY_PER_BLOCK)),
        attributes.getOrDefault(COOPERATIVE_LAUNCH, 0) != 0,
        attributes.getOrDefault(CLUSTER_LAUNCH, 0) != 0);
  }

  private static int limit(Map<Integer, Integer> attributes, int attribute) {
    return attributes.getOrDefault(attribute, Integer.MAX_VALUE);
  }

  boolean allowsGrid(int x, int y, int z) {
    return x > 0 && x <= gridXMax && y > 0 && y <= gridYMax && z > 0 && z <= gridZMax;
  }

  boolean allowsBlock(int x, int y, int z) {
    return x > 0
        && x <= blockXMax
        && y > 0
        && y <= blockYMax
        && z > 0
        && z <= blockZMax
        && (long) x * y <= threadsPerBlockMax
        && (long) x * y * z <= threadsPerBlockMax;
  }
}
