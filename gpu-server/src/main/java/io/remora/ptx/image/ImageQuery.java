// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

import org.jspecify.annotations.Nullable;

/** What {@code txq} and {@code suq} may ask (PTX ISA 9.7.10.4 and 9.7.11.5). */
public enum ImageQuery {
  WIDTH,
  HEIGHT,
  DEPTH,
  CHANNEL_DATA_TYPE,
  CHANNEL_ORDER,
  NORMALIZED_COORDS,
  ARRAY_SIZE,
  NUM_MIPMAP_LEVELS,
  NUM_SAMPLES,
  FORCE_UNNORMALIZED_COORDS,
  FILTER_MODE,
  ADDR_MODE_0,
  ADDR_MODE_1,
  ADDR_MODE_2,
  MEMORY_LAYOUT;

  private static final ImageQuery[] ALL = values();

  /** The query that PTX writes so, without the dot, or null. */
  public static @Nullable ImageQuery named(String name) {
    for (ImageQuery query : ALL) {
      if (query.name().toLowerCase(java.util.Locale.ROOT).equals(name)) {
        return query;
      }
    }
    return null;
  }

  static int of(Texture texture, Image image, int what) {
    Sampling sampling = texture.sampling();
    return switch (ALL[what]) {
      case CHANNEL_DATA_TYPE -> texture.format().queriedType(sampling.fractions());
      case CHANNEL_ORDER -> texture.format().queriedOrder();
      case NORMALIZED_COORDS -> sampling.normalized() ? 1 : 0;
      case NUM_MIPMAP_LEVELS -> texture.levels().size();
      case FILTER_MODE -> sampling.linear() ? 1 : 0;
      case ADDR_MODE_0 -> sampling.modes().get(0).ordinal();
      case ADDR_MODE_1 -> sampling.modes().get(1).ordinal();
      case ADDR_MODE_2 -> sampling.modes().get(2).ordinal();
      case DEPTH -> texture.kind() == Texture.Kind.PLAIN ? image.depth() : 1;
      case ARRAY_SIZE ->
          switch (texture.kind()) {
            case BUFFER, PLAIN -> 1;
            case LAYERED -> image.depth();
            case CUBE -> image.depth() / 6;
          };
      case WIDTH, HEIGHT, NUM_SAMPLES, FORCE_UNNORMALIZED_COORDS, MEMORY_LAYOUT ->
          extent(image, ALL[what]);
    };
  }

  static int of(Surface surface, int what) {
    Image image = surface.image();
    return switch (ALL[what]) {
      case CHANNEL_DATA_TYPE -> surface.format().queriedType(false);
      case CHANNEL_ORDER -> surface.format().queriedOrder();
      case DEPTH -> surface.layered() ? 1 : image.depth();
      case ARRAY_SIZE -> surface.layered() ? image.depth() : 1;
      default -> extent(image, ALL[what]);
    };
  }

  /** What every image has; there is one sample, and memory isn't tiled. */
  private static int extent(Image image, ImageQuery what) {
    return switch (what) {
      case WIDTH -> image.width();
      case HEIGHT -> image.height();
      case NUM_SAMPLES -> 1;
      default -> 0;
    };
  }
}
