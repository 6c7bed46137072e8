// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.image.AddressMode;
import io.remora.ptx.image.Image;
import io.remora.ptx.image.ImageTable;
import io.remora.ptx.image.Sampling;
import io.remora.ptx.image.Surface;
import io.remora.ptx.image.TexelFormat;
import io.remora.ptx.image.TexelFormat.Channel;
import io.remora.ptx.image.Texture;
import io.remora.server.driver.DeviceImages;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DomainImage.ObjectImage;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.Handles;
import io.remora.v1.CUresult;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Textures and surfaces of a software device: what CUDA says, in the engine's words. */
final class SoftwareImages implements DeviceImages {
  private static final int READ_AS_INTEGER = 1;
  private static final int NORMALIZED_COORDINATES = 2;
  private static final int SRGB = 0x10;
  private static final int DISABLE_TRILINEAR_OPTIMIZATION = 0x20;
  private static final int SEAMLESS_CUBEMAP = 0x40;
  private static final int LINEAR_FILTER = 1;

  private final ImageTable table;

  /** What the objects were made of. */
  private final Map<Long, ObjectImage> described = new ConcurrentHashMap<>();

  SoftwareImages(ImageTable table) {
    this.table = table;
  }

  @Override
  public long createTexture(ImageDescription image, SamplingDescription sampling) {
    return add(texture(image, sampling), image, sampling);
  }

  private long add(
      ImageTable.Entry entry, ImageDescription image, @Nullable SamplingDescription sampling) {
    try {
      long object = table.add(entry);
      described.put(object, new ObjectImage(object, image, sampling));
      return object;
    } catch (IllegalStateException e) {
      throw outOfMemory(e);
    }
  }

  private static Texture texture(ImageDescription image, SamplingDescription sampling) {
    int flags = sampling.flags();
    boolean linear = sampling.filterMode() == LINEAR_FILTER;
    if ((flags & SEAMLESS_CUBEMAP) != 0 && linear && image.kind() == Kind.CUBE) {
      throw notSupported("filtering across the edges of a cube");
    }
    int known =
        READ_AS_INTEGER
            | NORMALIZED_COORDINATES
            | SRGB
            | DISABLE_TRILINEAR_OPTIMIZATION
            | SEAMLESS_CUBEMAP;
    if ((flags & ~known) != 0) {
      throw invalid("texture flags " + flags);
    }
    TexelFormat format = format(image);
    boolean fractions = (flags & READ_AS_INTEGER) == 0 && format.channel().isNormalizable();
    try {
      var read =
          new Sampling(
              sampling.addressModes().stream().map(SoftwareImages::mode).toList(),
              linear && image.kind() != Kind.LINEAR,
              (flags & NORMALIZED_COORDINATES) != 0,
              fractions,
              (flags & SRGB) != 0,
              false,
              0,
              0,
              0,
              sampling.border());
      return new Texture(format, List.of(rows(image)), kind(image), read);
    } catch (IllegalArgumentException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public long createSurface(ImageDescription image) {
    return add(surface(image), image, null);
  }

  private static Surface surface(ImageDescription image) {
    boolean layered = image.kind() == Kind.LAYERED || image.kind() == Kind.CUBE;
    return new Surface(format(image), rows(image), layered);
  }

  /** What there is, as it can be made again. */
  List<ObjectImage> objects() {
    return List.copyOf(described.values());
  }

  Handles.State handles() {
    return new Handles.State(table.used(), table.reusable());
  }

  /** Makes the objects of an image, under the numbers that kernels know. */
  void adopt(DomainImage image) {
    Map<Long, ImageTable.Entry> entries = new HashMap<>();
    for (ObjectImage object : image.objects()) {
      SamplingDescription sampling = object.sampling();
      entries.put(
          object.object(),
          sampling == null ? surface(object.image()) : texture(object.image(), sampling));
      described.put(object.object(), object);
    }
    Handles.State state = image.handles().objects();
    table.restore(state.used(), state.reusable(), entries);
  }

  @Override
  public boolean destroy(long object) {
    described.remove(object);
    return table.remove(object);
  }

  private static AddressMode mode(int mode) {
    AddressMode[] all = AddressMode.values();
    if (mode < 0 || mode >= all.length) {
      throw invalid("address mode " + mode);
    }
    return all[mode];
  }

  private static Image rows(ImageDescription image) {
    return new Image(
        image.address(),
        image.width(),
        image.height(),
        image.depth(),
        image.pitch(),
        image.slicePitch());
  }

  private static Texture.Kind kind(ImageDescription image) {
    return switch (image.kind()) {
      case LINEAR -> Texture.Kind.BUFFER;
      case PLAIN -> Texture.Kind.PLAIN;
      case LAYERED -> Texture.Kind.LAYERED;
      case CUBE -> Texture.Kind.CUBE;
    };
  }

  /** By the values of {@code CUarray_format}. */
  private static TexelFormat format(ImageDescription image) {
    Channel channel =
        switch (image.format()) {
          case 0x01 -> Channel.U8;
          case 0x02 -> Channel.U16;
          case 0x03 -> Channel.U32;
          case 0x08 -> Channel.S8;
          case 0x09 -> Channel.S16;
          case 0x0a -> Channel.S32;
          case 0x10 -> Channel.F16;
          case 0x20 -> Channel.F32;
          default -> throw notSupported("the format " + image.format());
        };
    return new TexelFormat(channel, image.channels());
  }

  private static DriverException invalid(String detail) {
    return new DriverException(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, detail);
  }

  private static DriverException notSupported(String detail) {
    return new DriverException(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, detail);
  }

  private static DriverException outOfMemory(IllegalStateException cause) {
    return new DriverException(
        CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, String.valueOf(cause.getMessage()));
  }
}
