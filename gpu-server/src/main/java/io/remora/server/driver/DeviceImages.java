// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import java.util.List;

/**
 * Textures and surfaces of a domain, over memory of its slab. Any thread may call. Arguments have
 * been checked by the session as far as CUDA's rules go; images lie in the slab.
 */
public interface DeviceImages {
  /** How an image's slices are meant. */
  enum Kind {
    /** A row that is read by index only. */
    LINEAR,
    PLAIN,
    LAYERED,
    CUBE
  }

  /**
   * Rows of texels.
   *
   * @param format {@code CUarray_format}
   * @param channels 1, 2 or 4
   * @param address of the first texel
   * @param width texels in a row
   * @param height rows in a slice, at least 1
   * @param depth slices, layers or faces, at least 1
   * @param pitch bytes from row to row
   * @param slicePitch bytes from slice to slice
   */
  record ImageDescription(
      int format,
      int channels,
      Kind kind,
      long address,
      int width,
      int height,
      int depth,
      long pitch,
      long slicePitch) {}

  /**
   * How a texture is read.
   *
   * @param addressModes three {@code CUaddress_mode}
   * @param filterMode {@code CUfilter_mode}
   * @param flags {@code CU_TRSF_...}
   * @param border four channels
   */
  record SamplingDescription(
      List<Integer> addressModes, int filterMode, int flags, List<Float> border) {
    public SamplingDescription {
      addressModes = List.copyOf(addressModes);
      border = List.copyOf(border);
    }
  }

  /**
   * Creates a texture object.
   *
   * @return the number that kernels name it by, never 0
   * @throws DriverException if the device can't read the image so, or has too many objects
   */
  long createTexture(ImageDescription image, SamplingDescription sampling);

  /** Creates a surface object; as {@link #createTexture}. */
  long createSurface(ImageDescription image);

  /** Ends a texture or surface object; false if there is none. */
  boolean destroy(long object);
}
