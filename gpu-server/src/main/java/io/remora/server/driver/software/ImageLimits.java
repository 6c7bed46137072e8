// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import java.util.Map;

/** The attributes that say how large textures and surfaces may be. */
final class ImageLimits {
  private static final int WIDTH_1D = 131072;
  private static final int LINEAR_WIDTH = 1 << 28;
  private static final int SIDE_2D = 65536;
  private static final int SIDE_LAYERED = 32768;
  private static final int SIDE_3D = 16384;
  private static final int LAYERS = 2048;
  private static final int LAYERS_OF_CUBES = 2046;

  private ImageLimits() {}

  static void put(Map<Integer, Integer> attributes) {
    all(attributes, WIDTH_1D, 21, 22, 56, 70);
    all(attributes, SIDE_2D, 23, 57, 71);
    // In 3D, as in its alternate form.
    all(attributes, SIDE_3D, 24, 25, 26, 47, 48, 49, 58, 59, 60);
    all(attributes, SIDE_LAYERED, 27, 28, 42, 45, 46, 52, 53, 55, 61, 63, 64, 66, 67);
    all(attributes, LAYERS, 29, 43, 62, 65);
    all(attributes, LAYERS_OF_CUBES, 54, 68);
    attributes.put(69, LINEAR_WIDTH);
    attributes.put(72, 1 << 21); // MAXIMUM_TEXTURE2D_LINEAR_PITCH
  }

  private static void all(Map<Integer, Integer> attributes, int value, int... numbers) {
    for (int number : numbers) {
      attributes.put(number, value);
    }
  }
}
