// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/**
 * The coordinates of each thread of a block, by its linear number.
 *
 * @param x {@code %tid.x}
 * @param y {@code %tid.y}
 * @param z {@code %tid.z}
 */
record ThreadIds(int[] x, int[] y, int[] z) {
  private static final int[] COUNT = new int[1024];
  private static final int[] ZERO = new int[1024];

  static {
    for (int i = 0; i < COUNT.length; i++) {
      COUNT[i] = i;
    }
  }

  static ThreadIds of(int ntidX, int ntidY, int ntidZ) {
    if (ntidY == 1 && ntidZ == 1) {
      return new ThreadIds(COUNT, ZERO, ZERO);
    }
    int threads = ntidX * ntidY * ntidZ;
    var ids = new ThreadIds(new int[threads], new int[threads], new int[threads]);
    for (int i = 0; i < threads; i++) {
      ids.x[i] = i % ntidX;
      ids.y[i] = i / ntidX % ntidY;
      ids.z[i] = i / ntidX / ntidY;
    }
    return ids;
  }
}
