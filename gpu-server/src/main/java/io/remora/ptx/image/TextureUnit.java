// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

import io.remora.ptx.MemoryFault;
import io.remora.ptx.memory.DeviceMemory;
import java.util.List;

/**
 * Reads textures for the blocks of one worker, which owns it. A texel's channels are left in the
 * public fields, because compiled code takes them from there: floats as their bits.
 *
 * <p>Filtering follows CUDA's programming guide: weights are fixed-point numbers with eight bits
 * behind the point. An object that is none, and texels in memory that the session doesn't have, are
 * illegal addresses.
 */
public final class TextureUnit {
  private static final int ONE = Float.floatToRawIntBits(1f);

  public int r;
  public int g;
  public int b;
  public int a;

  private final DeviceMemory memory;
  private final ImageTable table;
  private final CubeFace cube = new CubeFace();
  private final int[] texel = new int[4];
  private final float[] sum = new float[4];
  private final float[] finer = new float[4];

  /**
   * @param memory where the images are
   * @param table what kernels may name
   */
  public TextureUnit(DeviceMemory memory, ImageTable table) {
    this.memory = memory;
    this.table = table;
  }

  private Texture texture(long object) {
    if (table.find(object) instanceof Texture texture) {
      return texture;
    }
    throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, object);
  }

  /**
   * {@code tex} with coordinates of floating point.
   *
   * @param dimensions 1 to 3; the coordinates beyond are ignored
   * @param layer slice of a layered image; without meaning in three dimensions
   * @param level the level asked for
   */
  public void sample(
      long object, int dimensions, int layer, float x, float y, float z, float level) {
    Texture texture = texture(object);
    if (texture.kind() == Texture.Kind.BUFFER) {
      element(texture, (int) Math.floor(x));
    } else {
      levels(texture, dimensions, layer, x, y, z, level);
    }
  }

  /** {@code tex.cube} and {@code tex.acube}; the direction needn't have length 1. */
  public void sampleCube(long object, int layer, float x, float y, float z, float level) {
    Texture texture = texture(object);
    cube.find(x, y, z);
    int cubes = texture.levels().get(0).depth() / 6;
    int slice = 6 * Math.max(0, Math.min(layer, cubes - 1)) + cube.face;
    levels(texture, 2, slice, cube.s, cube.t, 0, level);
  }

  /** {@code tex.grad}: the level whose texels are as far apart as the steps of the coordinates. */
  public void sampleGradient(
      long object,
      int dimensions,
      int layer,
      float x,
      float y,
      float z,
      float xByX,
      float yByX,
      float zByX,
      float xByY,
      float yByY,
      float zByY) {
    Texture texture = texture(object);
    Image first = texture.levels().get(0);
    boolean normalized = texture.sampling().normalized();
    float width = normalized ? first.width() : 1;
    float height = normalized && dimensions > 1 ? first.height() : 1;
    float depth = normalized && dimensions > 2 ? first.depth() : 1;
    double across = length(xByX * width, yByX * height, zByX * depth);
    double down = length(xByY * width, yByY * height, zByY * depth);
    double level = Math.log(Math.max(across, down)) / Math.log(2);
    sample(object, dimensions, layer, x, y, z, (float) level);
  }

  private static double length(float x, float y, float z) {
    return Math.sqrt((double) x * x + (double) y * y + (double) z * z);
  }

  /** {@code tex} with integer coordinates, which are never normalized. */
  public void fetch(long object, int dimensions, int layer, int x, int y, int z, int level) {
    Texture texture = texture(object);
    if (texture.kind() == Texture.Kind.BUFFER) {
      element(texture, x);
      return;
    }
    List<Image> levels = texture.levels();
    Image image = levels.get(Math.max(0, Math.min(level, levels.size() - 1)));
    List<AddressMode> modes = texture.sampling().modes();
    int column = Coordinate.index(x, image.width(), modes.get(0), false);
    int row = dimensions < 2 ? 0 : Coordinate.index(y, image.height(), modes.get(1), false);
    int slice =
        dimensions < 3
            ? slice(image, layer)
            : Coordinate.index(z, image.depth(), modes.get(2), false);
    read(texture, image, column, row, slice);
    deliver();
  }

  /** {@code tld4}: one channel of the four texels that linear filtering would mix. */
  public void gather(long object, int channel, int layer, float x, float y) {
    Texture texture = texture(object);
    Image image = texture.levels().get(0);
    Sampling sampling = texture.sampling();
    AddressMode modeX = sampling.modes().get(0);
    AddressMode modeY = sampling.modes().get(1);
    boolean normalized = sampling.normalized();
    int column = Coordinate.before(Coordinate.scaled(x, image.width(), modeX, normalized));
    int row = Coordinate.before(Coordinate.scaled(y, image.height(), modeY, normalized));
    int left = Coordinate.index(column, image.width(), modeX, normalized);
    int right = Coordinate.index(column + 1, image.width(), modeX, normalized);
    int upper = Coordinate.index(row, image.height(), modeY, normalized);
    int lower = Coordinate.index(row + 1, image.height(), modeY, normalized);
    int slice = slice(image, layer);
    int first = one(texture, image, left, lower, slice, channel);
    int second = one(texture, image, right, lower, slice, channel);
    int third = one(texture, image, right, upper, slice, channel);
    a = one(texture, image, left, upper, slice, channel);
    r = first;
    g = second;
    b = third;
  }

  private int one(Texture texture, Image image, int x, int y, int slice, int channel) {
    read(texture, image, x, y, slice);
    deliver();
    return channel == 0 ? r : channel == 1 ? g : channel == 2 ? b : a;
  }

  /** {@code txq}; {@code what} is one of {@link ImageQuery}. */
  public int query(long object, int what, int level) {
    Texture texture = texture(object);
    List<Image> levels = texture.levels();
    Image image = levels.get(Math.max(0, Math.min(level, levels.size() - 1)));
    return ImageQuery.of(texture, image, what);
  }

  private void element(Texture texture, int index) {
    Image image = texture.levels().get(0);
    if (index < 0 || index >= image.width()) {
      set(0, 0, 0, 0);
      return;
    }
    read(texture, image, index, 0, 0);
    deliver();
  }

  /** Chooses the level, or mixes two. */
  private void levels(
      Texture texture, int dimensions, int layer, float x, float y, float z, float wanted) {
    List<Image> levels = texture.levels();
    Sampling sampling = texture.sampling();
    if (levels.size() == 1) {
      place(texture, levels.get(0), dimensions, layer, x, y, z);
      return;
    }
    float last = levels.size() - 1;
    float biased = wanted + sampling.levelBias();
    float within = Math.max(sampling.levelMin(), Math.min(biased, sampling.levelMax()));
    float level = within > 0 ? Math.min(within, last) : 0;
    if (!sampling.mixLevels()) {
      place(texture, levels.get((int) (level + 0.5f)), dimensions, layer, x, y, z);
      return;
    }
    int lower = (int) level;
    float weight = (float) Math.floor((level - lower) * 256 + 0.5f) / 256;
    place(texture, levels.get(lower), dimensions, layer, x, y, z);
    if (weight != 0) {
      keep(finer);
      place(texture, levels.get(lower + 1), dimensions, layer, x, y, z);
      keep(sum);
      for (int i = 0; i < 4; i++) {
        sum[i] = (1 - weight) * finer[i] + weight * sum[i];
      }
      setFloats(sum);
    }
  }

  private void keep(float[] into) {
    into[0] = Float.intBitsToFloat(r);
    into[1] = Float.intBitsToFloat(g);
    into[2] = Float.intBitsToFloat(b);
    into[3] = Float.intBitsToFloat(a);
  }

  /** One level at one place. */
  private void place(
      Texture texture, Image image, int dimensions, int layer, float x, float y, float z) {
    Sampling sampling = texture.sampling();
    boolean normalized = sampling.normalized();
    List<AddressMode> modes = sampling.modes();
    float tx = Coordinate.scaled(x, image.width(), modes.get(0), normalized);
    float ty = dimensions < 2 ? 0 : Coordinate.scaled(y, image.height(), modes.get(1), normalized);
    float tz = dimensions < 3 ? 0 : Coordinate.scaled(z, image.depth(), modes.get(2), normalized);
    if (sampling.linear()) {
      mix(texture, image, dimensions, layer, tx, ty, tz);
      return;
    }
    int column = Coordinate.index(floor(tx), image.width(), modes.get(0), normalized);
    int row =
        dimensions < 2 ? 0 : Coordinate.index(floor(ty), image.height(), modes.get(1), normalized);
    int slice =
        dimensions < 3
            ? slice(image, layer)
            : Coordinate.index(floor(tz), image.depth(), modes.get(2), normalized);
    read(texture, image, column, row, slice);
    deliver();
  }

  private static int floor(float value) {
    return (int) Math.floor(value);
  }

  private static int slice(Image image, int layer) {
    return Math.max(0, Math.min(layer, image.depth() - 1));
  }

  /** The weighted sum of the 2, 4 or 8 texels around a place. */
  private void mix(
      Texture texture, Image image, int dimensions, int layer, float tx, float ty, float tz) {
    boolean normalized = texture.sampling().normalized();
    List<AddressMode> modes = texture.sampling().modes();
    int x = Coordinate.before(tx);
    int y = dimensions < 2 ? 0 : Coordinate.before(ty);
    int z = dimensions < 3 ? 0 : Coordinate.before(tz);
    float alpha = Coordinate.weight(tx);
    float beta = dimensions < 2 ? 0 : Coordinate.weight(ty);
    float gamma = dimensions < 3 ? 0 : Coordinate.weight(tz);
    sum[0] = 0;
    sum[1] = 0;
    sum[2] = 0;
    sum[3] = 0;
    for (int corner = 0; corner < 1 << dimensions; corner++) {
      float weight =
          part(alpha, corner & 1) * part(beta, corner >> 1 & 1) * part(gamma, corner >> 2 & 1);
      if (weight == 0) {
        continue;
      }
      int column = Coordinate.index(x + (corner & 1), image.width(), modes.get(0), normalized);
      int row =
          dimensions < 2
              ? 0
              : Coordinate.index(y + (corner >> 1 & 1), image.height(), modes.get(1), normalized);
      int slice =
          dimensions < 3
              ? slice(image, layer)
              : Coordinate.index(z + (corner >> 2), image.depth(), modes.get(2), normalized);
      read(texture, image, column, row, slice);
      for (int i = 0; i < 4; i++) {
        sum[i] += weight * Float.intBitsToFloat(texel[i]);
      }
    }
    setFloats(sum);
  }

  private static float part(float weight, int behind) {
    return behind == 1 ? weight : 1 - weight;
  }

  /** Reads all channels as the texture is read; floats as bits. */
  private void read(Texture texture, Image image, int x, int y, int z) {
    TexelFormat format = texture.format();
    boolean outside = (x | y | z) < 0;
    boolean floats = format.channel().isFloat() || texture.sampling().fractions();
    long address = outside ? 0 : image.at(x, y, z, format.bytes());
    for (int i = 0; i < 4; i++) {
      if (i >= format.channels()) {
        texel[i] = i < 3 ? 0 : floats ? ONE : 1;
      } else if (outside) {
        float border = texture.sampling().border().get(i);
        texel[i] = floats ? Float.floatToRawIntBits(border) : (int) border;
      } else {
        int value = format.load(memory, address, i);
        texel[i] = texture.sampling().fractions() ? fraction(texture, i, value) : value;
      }
    }
  }

  private static int fraction(Texture texture, int channel, int value) {
    float fraction =
        texture.sampling().srgb() && channel < 3
            ? Srgb.linear(value)
            : texture.format().fraction(value);
    return Float.floatToRawIntBits(fraction);
  }

  private void deliver() {
    set(texel[0], texel[1], texel[2], texel[3]);
  }

  private void setFloats(float[] values) {
    set(
        Float.floatToRawIntBits(values[0]),
        Float.floatToRawIntBits(values[1]),
        Float.floatToRawIntBits(values[2]),
        Float.floatToRawIntBits(values[3]));
  }

  private void set(int red, int green, int blue, int alpha) {
    r = red;
    g = green;
    b = blue;
    a = alpha;
  }
}
