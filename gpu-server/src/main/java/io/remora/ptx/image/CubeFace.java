// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

/**
 * Where a direction from the centre of a cube meets it. Belongs to one {@link TextureUnit}, which
 * reuses it.
 */
final class CubeFace {
  /** 0 to 5: the faces at positive and negative x, y, z. */
  int face;

  /** Place on the face, from 0 to 1. */
  float s;

  float t;

  void find(float x, float y, float z) {
    float ax = Math.abs(x);
    float ay = Math.abs(y);
    float az = Math.abs(z);
    if (ax >= ay && ax >= az) {
      face = x >= 0 ? 0 : 1;
      set(x >= 0 ? -z : z, -y, ax);
    } else if (ay >= az) {
      face = y >= 0 ? 2 : 3;
      set(x, y >= 0 ? z : -z, ay);
    } else {
      face = z >= 0 ? 4 : 5;
      set(z >= 0 ? x : -x, -y, az);
    }
  }

  private void set(float across, float down, float major) {
    s = (across / major + 1) / 2;
    t = (down / major + 1) / 2;
  }
}
