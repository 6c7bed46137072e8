// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

import java.util.List;

/**
 * What a texture object stands for.
 *
 * @param format of the texels
 * @param levels the image, and smaller ones of it
 * @param kind how the image's slices and coordinates are meant
 * @param sampling how it is read
 */
public record Texture(TexelFormat format, List<Image> levels, Kind kind, Sampling sampling)
    implements ImageTable.Entry {
  /** Kinds of images. */
  public enum Kind {
    /** Linear memory, which is read by index only; outside there are zeros. */
    BUFFER,
    PLAIN,
    LAYERED,
    /** Six faces, or several times six. */
    CUBE
  }

  /** Copies the list and checks what the sampling needs. */
  public Texture {
    levels = List.copyOf(levels);
    if (levels.isEmpty()) {
      throw new IllegalArgumentException("a texture has at least one level");
    }
    boolean floats = format.channel().isFloat();
    if (sampling.fractions() && !format.channel().isNormalizable()) {
      throw new IllegalArgumentException("only integers of 8 and 16 bits are read as fractions");
    }
    if (sampling.linear() && !floats && !sampling.fractions()) {
      throw new IllegalArgumentException("linear filtering needs texels that are read as floats");
    }
    if (sampling.srgb() && (format.channel() != TexelFormat.Channel.U8 || !sampling.fractions())) {
      throw new IllegalArgumentException("sRGB is for unsigned channels of 8 bits read as floats");
    }
    if (kind == Kind.CUBE && levels.get(0).depth() % 6 != 0) {
      throw new IllegalArgumentException("cubes have six faces");
    }
  }
}
