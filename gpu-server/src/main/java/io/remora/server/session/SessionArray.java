// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceImages.ImageDescription;
import io.remora.server.driver.DeviceImages.Kind;
import io.remora.v1.CUresult;

/**
 * An array: rows of texels in an allocation of its own. Immutable.
 *
 * @param shape as the program asked
 * @param device where it is
 * @param allocation its memory; its address is the array's handle
 */
record SessionArray(Shape shape, SessionDevice device, Allocation allocation) {
  /** Rows begin where every access of up to 16 bytes may. */
  private static final long ROW_ALIGNMENT_BYTES = 16;

  private static final int LAYERED = 1;
  private static final int SURFACE_LOAD_STORE = 2;
  private static final int CUBEMAP = 4;
  private static final int TEXTURE_GATHER = 8;
  private static final int COLOR_ATTACHMENT = 0x20;
  private static final int FLAGS =
      LAYERED | SURFACE_LOAD_STORE | CUBEMAP | TEXTURE_GATHER | COLOR_ATTACHMENT;

  /** More than any device attribute allows; keeps products far below 2^63. */
  private static final long SIDE_MAX = 1 << 28;

  private static final long LAYERS_MAX = 1 << 14;

  /**
   * What {@code CUDA_ARRAY3D_DESCRIPTOR} says: height and depth are 0 in arrays of fewer
   * dimensions.
   */
  record Shape(long width, long height, long depth, int format, int channels, int flags) {
    /**
     * @throws CallException if no array is so
     */
    Shape {
      if ((flags & ~FLAGS) != 0) {
        throw SessionArray.notSupported("arrays with the flags 0x" + Integer.toHexString(flags));
      }
      int unused = texelBytes(format, channels);
      if (width < 1 || width > SIDE_MAX || height < 0 || height > SIDE_MAX) {
        throw CallException.invalidValue("an array's width or height is out of range");
      }
      boolean layers = (flags & (LAYERED | CUBEMAP)) != 0;
      if (depth < 0 || depth > LAYERS_MAX || (depth > 0 && height == 0 && !layers)) {
        throw CallException.invalidValue("an array's depth is out of range");
      }
      if (layers && depth == 0) {
        throw CallException.invalidValue("a layered array has at least one layer");
      }
      if ((flags & CUBEMAP) != 0) {
        boolean faces = (flags & LAYERED) != 0 ? depth % 6 == 0 : depth == 6;
        if (width != height || !faces) {
          throw CallException.invalidValue("a cube has six square faces");
        }
      }
    }

    long rowBytes() {
      return width * texelBytes(format, channels);
    }

    long pitch() {
      return (rowBytes() + ROW_ALIGNMENT_BYTES - 1) & -ROW_ALIGNMENT_BYTES;
    }

    long slicePitch() {
      return pitch() * Math.max(1, height);
    }

    /**
     * @throws CallException {@code CUDA_ERROR_OUT_OF_MEMORY} if no memory is that large
     */
    long bytes() {
      if (Math.multiplyHigh(pitch(), Math.max(1, height)) != 0
          || slicePitch() < 0
          || slicePitch() > Long.MAX_VALUE / Math.max(1, depth)) {
        throw CallException.outOfMemory("no memory has so many bytes");
      }
      return slicePitch() * Math.max(1, depth);
    }

    Kind kind() {
      return (flags & CUBEMAP) != 0
          ? Kind.CUBE
          : (flags & LAYERED) != 0 ? Kind.LAYERED : Kind.PLAIN;
    }

    boolean isForSurfaces() {
      return (flags & SURFACE_LOAD_STORE) != 0;
    }
  }

  private static CallException notSupported(String detail) {
    return new CallException(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, detail);
  }

  /** Bytes of a texel; checks {@code CUarray_format} and the number of channels. */
  static int texelBytes(int format, int channels) {
    if (channels != 1 && channels != 2 && channels != 4) {
      throw CallException.invalidValue("texels have 1, 2 or 4 channels, not " + channels);
    }
    return channels
        * switch (format) {
          case 0x01, 0x08 -> 1;
          case 0x02, 0x09, 0x10 -> 2;
          case 0x03, 0x0a, 0x20 -> 4;
          default -> throw notSupported("the array format 0x" + Integer.toHexString(format));
        };
  }

  /** False once its memory was freed, with it or with its context. */
  boolean isAlive() {
    return device.memory().at(allocation.address()) == allocation;
  }

  ImageDescription image() {
    return new ImageDescription(
        shape.format,
        shape.channels,
        shape.kind(),
        allocation.address(),
        (int) shape.width,
        (int) Math.max(1, shape.height),
        (int) Math.max(1, shape.depth),
        shape.pitch(),
        shape.slicePitch());
  }
}
