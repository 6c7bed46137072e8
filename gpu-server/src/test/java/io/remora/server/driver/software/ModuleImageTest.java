// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ModuleImageTest {
  private static final int TEXT_BYTES_MAX = 1 << 20;

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = ModuleImageTest.class.getResourceAsStream("/fatbin/" + name)) {
      return requireNonNull(in, name).readAllBytes();
    }
  }

  private static String ptx(byte[] image, int computeCapability) {
    return ModuleImage.ptx(ByteBuffer.wrap(image), computeCapability, TEXT_BYTES_MAX);
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
        () -> ModuleImage.ptx(ByteBuffer.wrap(image), 75, TEXT_BYTES_MAX),
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
}
