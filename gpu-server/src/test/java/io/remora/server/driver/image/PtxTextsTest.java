// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.image;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.ptx.PtxText;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PtxTextsTest {
  private static final PtxTexts.Taker TAKER = new PtxTexts.Taker("a software device", "", "");

  private static final int TEXT_BYTES_MAX = 1 << 20;

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = PtxTextsTest.class.getResourceAsStream("/fatbin/" + name)) {
      return requireNonNull(in, name).readAllBytes();
    }
  }

  private static String ptx(byte[] image, int computeCapability) {
    List<PtxText> texts =
        PtxTexts.ptx(ByteBuffer.wrap(image), TAKER, computeCapability, TEXT_BYTES_MAX);
    assertThat(texts).hasSize(1);
    return texts.get(0).text();
  }

  private static void refused(ThrowingCallable loading, int result, String detail) {
    assertThatThrownBy(loading)
        .isInstanceOfSatisfying(
            DriverException.class,
            e -> {
              assertThat(e.result()).isEqualTo(result);
              assertThat(e.detail()).contains(detail);
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "lz4", "zstd"})
  void theNewestPtxThatTheDeviceRunsIsTaken(String packing) throws IOException {
    byte[] image = resource("add_one." + packing + ".fatbin");
    assertThat(ptx(image, 121)).contains(".target sm_90", ".entry addOne");
    assertThat(ptx(image, 89)).contains(".target sm_75", ".entry addOne").doesNotContain("\0");
  }

  @Test
  void ptxForNewerDevicesOnlyIsRefusedWithTheRemedy() throws IOException {
    byte[] image = resource("add_one.zstd.fatbin");
    refused(
        () -> ptx(image, 70),
        CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE,
        "PTX for sm_75, PTX for sm_90, and a software device runs PTX for up to compute capability"
            + " 7.0");
  }

  @Test
  void machineCodeAloneIsRefusedWithTheRemedy() throws IOException {
    byte[] fatbin = resource("add_one.sm_75.fatbin");
    refused(
        () -> ptx(fatbin, 121),
        CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE,
        "machine code for sm_75");
    byte[] cubin = resource("add_one.cubin");
    refused(() -> ptx(cubin, 121), CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE, "compile with PTX");
  }

  @Test
  void textForALaterGpuIsRefusedWithTheRemedy() {
    byte[] image =
        "// .target sm_75\n.version 8.0\n  .target sm_90a, debug\n"
            .getBytes(StandardCharsets.US_ASCII);
    assertThat(ptx(image, 90)).contains("sm_90a");
    refused(
        () -> ptx(image, 89),
        CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE,
        "is PTX for sm_90, and this device has compute capability 8.9");
  }

  @Test
  void textIsTakenUpToItsNul() {
    byte[] image = ".version 8.0\0behind".getBytes(StandardCharsets.US_ASCII);
    assertThat(ptx(image, 121)).isEqualTo(".version 8.0");
  }

  @Test
  void textOverTheLimitIsRefused() {
    refused(
        () -> ptx(" ".repeat(TEXT_BYTES_MAX + 1).getBytes(StandardCharsets.US_ASCII), 121),
        CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE,
        "the most is 1048576");
  }

  @Test
  void compressedTextOverTheLimitIsRefusedUnread() throws IOException {
    byte[] image = resource("add_one.zstd.fatbin");
    ByteBuffer.wrap(image).order(java.nio.ByteOrder.LITTLE_ENDIAN).putLong(16 + 56, 1L << 40);
    refused(
        () -> PtxTexts.ptx(ByteBuffer.wrap(image), TAKER, 75, TEXT_BYTES_MAX),
        CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE,
        "PTX of 1099511627776 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "lz4", "zstd", "sm_75"})
  void damagedImagesAreRefusedAndDoNothingElse(String packing) throws IOException {
    byte[] good = resource("add_one." + packing + ".fatbin");
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int refused = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] image = java.util.Arrays.copyOf(good, 1 + random.nextInt(good.length));
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        // Mostly in the headers, where the lengths are.
        int at = random.nextInt(random.nextBoolean() ? Math.min(96, image.length) : image.length);
        image[at] = (byte) random.nextInt(256);
      }
      try {
        ptx(image, 121);
      } catch (DriverException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  private static byte[] joined(byte[]... parts) {
    var out = new java.io.ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
      while (out.size() % 8 != 0) {
        out.write(0);
      }
    }
    return out.toByteArray();
  }

  /** A fatbin with one entry. */
  private static byte[] fatbin(int kind, String name, byte[] payload, long plainBytes) {
    int headerBytes = 64 + (name.length() + 7) / 8 * 8;
    int payloadBytes = (payload.length + 7) / 8 * 8;
    ByteBuffer out =
        ByteBuffer.allocate(16 + headerBytes + payloadBytes)
            .order(java.nio.ByteOrder.LITTLE_ENDIAN);
    out.putInt(0xba55ed50).putShort((short) 1).putShort((short) 16);
    out.putLong(headerBytes + payloadBytes);
    out.putShort(16, (short) kind).putInt(20, headerBytes).putLong(24, payloadBytes);
    out.putInt(16 + 28, 75).putInt(16 + 32, 64).putInt(16 + 36, name.length());
    out.putLong(16 + 56, plainBytes);
    out.put(16 + 64, name.getBytes(StandardCharsets.US_ASCII));
    out.put(16 + headerBytes, payload);
    return out.array();
  }

  private static List<PtxText> texts(byte[] image) {
    return PtxTexts.ptx(ByteBuffer.wrap(image), TAKER, 121, TEXT_BYTES_MAX);
  }

  @Test
  void fatbinsOneBehindTheOtherAreOneProgramAndMachineCodeAmongThemIsLeftOut() throws IOException {
    byte[] image =
        joined(
            resource("add_one.sm_75.fatbin"),
            resource("add_one.lz4.fatbin"),
            resource("add_one.zstd.fatbin"));
    assertThat(texts(image))
        .extracting(PtxText::name)
        .containsExactly("the image, part 2", "the image, part 3");
  }

  @Test
  void inputsOfALinkKeepTheirNames() throws IOException {
    byte[] text = ".version 8.0\0".getBytes(StandardCharsets.US_ASCII);
    byte[] nested = resource("add_one.zstd.fatbin");
    byte[] image =
        joined(
            fatbin(Fatbin.KIND_LINK_INPUT, "one.ptx", text, text.length),
            fatbin(Fatbin.KIND_LINK_INPUT, "", nested, nested.length));
    List<PtxText> found = texts(image);
    assertThat(found).extracting(PtxText::name).containsExactly("one.ptx", "input 1");
    assertThat(found.get(0).text()).isEqualTo(".version 8.0");
    assertThat(found.get(1).text()).contains(".entry addOne");
  }

  @Test
  void machineCodeAndLinksWithinLinksAreRefused() throws IOException {
    byte[] cubin = resource("add_one.cubin");
    refused(
        () -> texts(fatbin(Fatbin.KIND_LINK_INPUT, "x.cubin", cubin, cubin.length)),
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
        "x.cubin is machine code");
    byte[] inner = fatbin(Fatbin.KIND_LINK_INPUT, "a", new byte[] {'x'}, 1);
    refused(
        () -> texts(fatbin(Fatbin.KIND_LINK_INPUT, "b", inner, inner.length)),
        CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE,
        "outcome of a link");
  }

  @Test
  void aHeaderThatPromisesMoreThanItsBytesCanHoldIsRefusedBeforeMemoryIsTaken() throws IOException {
    byte[] image = resource("add_one.lz4.fatbin");
    ByteBuffer.wrap(image).order(java.nio.ByteOrder.LITTLE_ENDIAN).putLong(16 + 56, TEXT_BYTES_MAX);
    refused(
        () -> PtxTexts.ptx(ByteBuffer.wrap(image), TAKER, 75, TEXT_BYTES_MAX),
        CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE,
        "can't come of");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void damagedImagesOfSeveralTextsAreRefusedAndDoNothingElse(boolean linkInputs)
      throws IOException {
    byte[] zstd = resource("add_one.zstd.fatbin");
    byte[] lz4 = resource("add_one.lz4.fatbin");
    byte[] good =
        linkInputs
            ? joined(
                fatbin(Fatbin.KIND_LINK_INPUT, "one.fatbin", zstd, zstd.length),
                fatbin(Fatbin.KIND_LINK_INPUT, "two.fatbin", lz4, lz4.length))
            : joined(zstd, lz4);
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int refused = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] image = java.util.Arrays.copyOf(good, 1 + random.nextInt(good.length));
      for (int flips = random.nextInt(4); flips >= 0; flips--) {
        int at = random.nextInt(random.nextBoolean() ? Math.min(200, image.length) : image.length);
        image[at] = (byte) random.nextInt(256);
      }
      try {
        texts(image);
      } catch (DriverException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }
}
