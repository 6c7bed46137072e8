// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.remora.ptx.image.AddressMode;
import io.remora.ptx.image.Image;
import io.remora.ptx.image.Sampling;
import io.remora.ptx.image.Surface;
import io.remora.ptx.image.TexelFormat;
import io.remora.ptx.image.TexelFormat.Channel;
import io.remora.ptx.image.Texture;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Textures and surfaces as kernels use them, against {@link TextureReference}. */
final class TextureTest {
  private static final TexelFormat FLOATS = new TexelFormat(Channel.F32, 1);
  private static final int[] SIZE = {5, 4, 3};
  private static final int PLACES = 64;

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private static Sampling sampling(AddressMode mode, boolean linear, boolean normalized) {
    return new Sampling(
        List.of(mode, mode, mode),
        linear,
        normalized,
        false,
        false,
        false,
        0,
        0,
        0,
        List.of(0f, 0f, 0f, 0f));
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  /** Reads one texel for each thread; {@code %d1} is the object, {@code %f1} to 3 the place. */
  private float[] read(String instruction, Texture texture, float[] places) throws KernelFault {
    String body =
        """
          mul.wide.u32 %d10, %t, 12;
          ld.global.u64 %d1, [%out];
          ld.global.u64 %d2, [%out+8];
          add.u64 %d2, %d2, %d10;
          ld.global.f32 %f1, [%d2];
          ld.global.f32 %f2, [%d2+4];
          ld.global.f32 %f3, [%d2+8];
          mov.u32 %r1, 2;
        """
            + instruction
            + """

          mul.wide.u32 %d10, %t, 4;
          ld.global.u64 %d3, [%out+16];
          add.u64 %d3, %d3, %d10;
          st.global.f32 [%d3], %f4;
        """;
    int count = places.length / 3;
    long object = rig.memory.images().add(texture);
    long input = rig.upload(bits(places));
    long output = rig.allocate(4L * count);
    long arguments =
        rig.upload(
            new int[] {
              (int) object,
              (int) (object >>> 32),
              (int) input,
              (int) (input >>> 32),
              (int) output,
              (int) (output >>> 32)
            });
    rig.launch(
        Rig.compile(Rig.kernel(body)), "test", LaunchShape.linear(1, count), arguments, count);
    int[] raw = rig.ints(output, count);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.intBitsToFloat(raw[i]);
    }
    return values;
  }

  private static float[] texels(Random random) {
    float[] texels = new float[SIZE[0] * SIZE[1] * SIZE[2]];
    for (int i = 0; i < texels.length; i++) {
      texels[i] = random.nextInt(1000);
    }
    return texels;
  }

  private Image upload(float[] texels) {
    long address = rig.upload(bits(texels));
    return new Image(
        address, SIZE[0], SIZE[1], SIZE[2], SIZE[0] * 4L, (long) SIZE[0] * SIZE[1] * 4);
  }

  @Test
  void everyModeAndFilterReadsWhatTheProgrammingGuideSays() throws KernelFault {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("TextureTest seed=" + seed);
    Random random = new Random(seed);
    float[] texels = texels(random);
    Image image = upload(texels);
    String[] instructions = {
      "tex.1d.v4.f32.f32 {%f4,_,_,_}, [%d1, {%f1}];",
      "tex.2d.v4.f32.f32 {%f4,%f5,%f6,%f7}, [%d1, {%f1,%f2}];",
      "tex.3d.v4.f32.f32 {%f4,%f5,%f6,%f7}|%p1, [%d1, {%f1,%f2,%f3,%f3}];"
    };
    for (AddressMode mode : AddressMode.values()) {
      for (int choice = 0; choice < 4; choice++) {
        boolean linear = (choice & 1) == 1;
        boolean normalized = (choice & 2) == 2;
        float[] places = places(random, normalized);
        var reference = new TextureReference(SIZE, texels, mode, normalized);
        var texture =
            new Texture(
                FLOATS, List.of(image), Texture.Kind.PLAIN, sampling(mode, linear, normalized));
        for (int dimensions = 1; dimensions <= 3; dimensions++) {
          float[] read = read(instructions[dimensions - 1], texture, places);
          for (int i = 0; i < PLACES; i++) {
            float[] at = java.util.Arrays.copyOfRange(places, 3 * i, 3 * i + dimensions);
            double wanted = linear ? reference.linear(at) : reference.nearest(at);
            assertThat((double) read[i])
                .as("%s linear=%s normalized=%s at %s", mode, linear, normalized, List.of(at))
                .isCloseTo(wanted, within(1e-3));
          }
        }
      }
    }
  }

  /**
   * Multiples of a number that floats have exactly, so that rounding can't choose another texel.
   */
  private static float[] places(Random random, boolean normalized) {
    float[] places = new float[3 * PLACES];
    for (int i = 0; i < places.length; i++) {
      float texels = (random.nextInt(4096) - 1024) / 128f + 1 / 1024f;
      places[i] = normalized ? texels / 8 : texels;
    }
    return places;
  }

  @Test
  void layersFacesLevelsAndIndicesAreFound() throws KernelFault {
    float[] texels = new float[60];
    for (int i = 0; i < texels.length; i++) {
      texels[i] = i;
    }
    Image image = upload(texels);
    float[] at = {1.5f, 2.5f, 0};
    var layered = new Texture(FLOATS, List.of(image), Texture.Kind.LAYERED, Sampling.nearest());
    String slice = "tex.a2d.v4.f32.f32 {%f4,%f5,%f6,%f7}, [%d1, {%r1,%f1,%f2,%f2}];";
    assertThat(read(slice, layered, at)).containsExactly(2 * 20 + 2 * 5 + 1);
    var buffer = new Texture(FLOATS, List.of(image), Texture.Kind.BUFFER, Sampling.nearest());
    String index = "cvt.rzi.s32.f32 %r2, %f1; tex.1d.v4.f32.s32 {%f4,%f5,%f6,%f7}, [%d1, {%r2}];";
    assertThat(read(index, buffer, new float[] {3, 0, 0, 5, 0, 0, -1, 0, 0}))
        .containsExactly(3, 0, 0);
    Image small = new Image(image.address() + 40, 2, 2, 1, 8, 16);
    Sampling levels =
        new Sampling(
            sampling(AddressMode.CLAMP, false, true).modes(),
            false,
            true,
            false,
            false,
            true,
            0,
            0,
            9,
            List.of(0f, 0f, 0f, 0f));
    var pyramid = new Texture(FLOATS, List.of(image, small), Texture.Kind.PLAIN, levels);
    String level = "tex.level.2d.v4.f32.f32 {%f4,%f5,%f6,%f7}, [%d1, {%f1,%f2}], %f3;";
    assertThat(read(level, pyramid, new float[] {0, 0, 1, 0, 0, 0, 0, 0, 0.5f, .9f, 0, 7}))
        .containsExactly(10, 0, 5, 11);
    Image faces = new Image(image.address(), 1, 1, 6, 4, 4);
    var cube = new Texture(FLOATS, List.of(faces), Texture.Kind.CUBE, levels);
    String face = "tex.cube.v4.f32.f32 {%f4,%f5,%f6,%f7}, [%d1, {%f1,%f2,%f3,%f3}];";
    assertThat(
            read(face, cube, new float[] {2, 1, 0, -2, 1, 0, 0, 3, 1, 0, -3, 1, 1, 0, 5, 1, 0, -5}))
        .containsExactly(0, 1, 2, 3, 4, 5);
    String gathered = "tld4.r.2d.v4.f32.f32 {%f4,%f5,%f6,%f7}, [%d1, {%f1,%f2}];";
    var plain = new Texture(FLOATS, List.of(image), Texture.Kind.PLAIN, Sampling.nearest());
    assertThat(read(gathered, plain, new float[] {2, 2, 0})).containsExactly(2 * 5 + 1);
    String width = "txq.width.b32 %r3, [%d1]; cvt.rn.f32.u32 %f4, %r3;";
    assertThat(read(width, plain, at)).containsExactly(5);
  }

  @Test
  void integersAreReadAsTheyAreOrAsFractions() throws KernelFault {
    Image image = new Image(rig.upload(new int[] {0xff80_7f00, 0x0102_0304}), 2, 1, 1, 8, 8);
    var format = new TexelFormat(Channel.U8, 4);
    var plain = new Texture(format, List.of(image), Texture.Kind.PLAIN, Sampling.nearest());
    String integer = "tex.1d.v4.u32.f32 {%r4,%r5,%r6,%r7}, [%d1, {%f1}]; cvt.rn.f32.u32 %f4, %r6;";
    assertThat(read(integer, plain, new float[] {0, 0, 0, 1, 0, 0})).containsExactly(0x80, 2);
    Sampling nearest = Sampling.nearest();
    var fractions =
        new Texture(
            format,
            List.of(image),
            Texture.Kind.PLAIN,
            new Sampling(
                nearest.modes(), false, false, true, true, false, 0, 0, 0, nearest.border()));
    String alpha = "tex.1d.v4.f32.f32 {_,_,%f5,%f4}, [%d1, {%f1}];";
    assertThat(read(alpha, fractions, new float[] {0, 0, 0})).containsExactly(1f);
    String red = "tex.1d.v4.f32.f32 {_,_,%f4,_}, [%d1, {%f1}];";
    assertThat(read(red, fractions, new float[] {0, 0, 0})[0]).isCloseTo(.2158605f, within(1e-6f));
  }

  @Test
  void surfacesAreWrittenAndReadAndKeepTheirEdges() throws KernelFault {
    long memory = rig.upload(new int[] {1, 2, 3, 4, 5, 6, 7, 8});
    var surface = new Surface(FLOATS, new Image(memory, 4, 2, 1, 16, 32), false);
    long object = rig.memory.images().add(surface);
    String begin = "mov.u64 %d1, " + object + "; mov.u32 %r1, 4; mov.u32 %r2, 1;";
    String end = "st.global.u32 [%out], %r5;";
    String load = "suld.b.2d.b32.trap {%r5}, [%d1, {%r1, %r2}];";
    assertThat(rig.run(begin + load + end, 1, 1)).containsExactly(6);
    String outside = "mov.u32 %r1, 64; suld.b.2d.b32.";
    String place = " {%r5}, [%d1, {%r1, %r2}];";
    assertThat(rig.run(begin + outside + "clamp" + place + end, 1, 1)).containsExactly(8);
    assertThat(rig.run(begin + outside + "zero" + place + end, 1, 1)).containsExactly(0);
    assertThatThrownBy(() -> rig.run(begin + outside + "trap" + place + end, 1, 1))
        .isInstanceOf(KernelFault.class);
    rig.run(begin + "sust.b.2d.v2.b32.trap [%d1, {%r1, %r2}], {%r1, %r2};", 1, 1);
    rig.run(begin + "mov.u32 %r2, -1; sust.b.2d.b32.zero [%d1, {%r1, %r2}], {%r1};", 1, 1);
    assertThat(rig.ints(memory, 8)).containsExactly(1, 2, 3, 4, 5, 4, 1, 8);
    String dangling = "mov.u64 %d1, 77;" + "mov.u32 %r1, 0; mov.u32 %r2, 0;" + load + end;
    assertThatThrownBy(() -> rig.run(dangling, 1, 1)).isInstanceOf(KernelFault.class);
  }
}
