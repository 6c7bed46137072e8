// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.Domain.Launch;
import io.remora.server.driver.Domain.ModuleDescription;
import io.remora.server.driver.software.SoftwareDeviceConfig;
import io.remora.server.driver.software.SoftwareDriver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code CU_LIMIT_MALLOC_HEAP_SIZE} on the software device. */
class HeapLimitTest {
  private static final long DEVICE_BYTES = 96L << 20;
  private static final long USUAL_BYTES = 8L << 20;

  /** Takes a block through a function, stores its address; another kernel has nothing of it. */
  private static final String KERNELS =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .extern .func (.param .b64 address) malloc (.param .b64 bytes);
      .func (.param .b64 block) get(.param .b64 length)
      {
        .reg .b64 %size, %block;
        .param .b64 size;
        .param .b64 address;
        ld.param.b64 %size, [length];
        st.param.b64 [size], %size;
        call (address), malloc, (size);
        ld.param.b64 %block, [address];
        st.param.b64 [block], %block;
        ret;
      }
      .visible .entry take(.param .b64 out, .param .b64 bytes)
      {
        .reg .b64 %out, %size, %block;
        .param .b64 size;
        .param .b64 block;
        ld.param.b64 %out, [out];
        ld.param.b64 %size, [bytes];
        st.param.b64 [size], %size;
        call (block), get, (size);
        ld.param.b64 %block, [block];
        st.global.b64 [%out], %block;
        ret;
      }
      .visible .entry idle()
      {
        ret;
      }
      """;

  private final DriverBench bench =
      new DriverBench(
          new SoftwareDriver(new SoftwareDeviceConfig(1, DEVICE_BYTES, 2, 121, "test")));
  private final DomainBench first = bench.domain();
  private final Domain domain = first.domain;
  private ModuleDescription module;

  @BeforeEach
  void load() {
    module = first.load(ByteBuffer.wrap(KERNELS.getBytes(StandardCharsets.UTF_8)));
  }

  @AfterEach
  void close() {
    bench.close();
  }

  private void launch(String kernel, ByteBuffer parameters) {
    long function = DomainBench.function(module, kernel).function();
    first.awaiting(
        done ->
            domain.launch(
                first.stream, new Launch(function, 1, 1, 1, 1, 1, 1, 0, false, parameters), done));
  }

  /** The address that a kernel's malloc returns. */
  private long malloc(long bytes) {
    ByteBuffer parameters = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    launch("take", parameters.putLong(first.memory()).putLong(bytes).flip());
    return ByteBuffer.wrap(first.read(first.memory(), 8)).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  private static void assertRefused(Domain domain, long bytes, int result) {
    assertThatThrownBy(() -> domain.limitHeap(bytes))
        .isInstanceOfSatisfying(
            DriverException.class, e -> assertThat(e.result()).isEqualTo(result));
  }

  @Test
  void withoutALimitThereAreEightMebibytes() {
    assertThat(malloc(USUAL_BYTES + 1)).isZero();
    assertThat(malloc(USUAL_BYTES)).isNotZero();
    assertThat(malloc(1)).isZero();
  }

  @Test
  void aHigherLimitGivesMore() {
    assertThat(domain.limitHeap(32 << 20)).isTrue();
    assertThat(malloc((32 << 20) + 1)).isZero();
    assertThat(malloc(16 << 20)).isNotZero();
    assertThat(malloc(16 << 20)).isNotZero();
    assertThat(malloc(1)).isZero();
  }

  @Test
  void aLowerLimitGivesLessAndNeedNotBeAPowerOfTwo() {
    assertThat(domain.limitHeap(40_000)).isTrue();
    assertThat(malloc(32 << 10)).isNotZero();
    assertThat(malloc(4 << 10)).isNotZero();
    assertThat(malloc(4 << 10)).isZero();
    assertThat(malloc(2 << 10)).isNotZero();
  }

  @Test
  void nothingIsWhatALimitOfNothingGives() {
    assertThat(domain.limitHeap(0)).isTrue();
    assertThat(malloc(1)).isZero();
  }

  @Test
  void onceAKernelThatUsesMallocWasLaunchedTheLimitStays() {
    launch("idle", ByteBuffer.allocate(0));
    assertThat(domain.limitHeap(1 << 20)).isTrue();
    assertThat(malloc(2 << 20)).isZero();
    assertRefused(domain, 4 << 20, CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    assertThat(malloc(2 << 20)).isZero();
  }

  @Test
  void whatTheHeapHasBeyondTheUsualIsTheDevicesMemory() {
    assertRefused(domain, 1L << 50, CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    Domain other = bench.domain().domain;
    assertRefused(other, DEVICE_BYTES, CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    long most = 64L << 20;
    assertThat(domain.limitHeap(most)).isTrue();
    assertRefused(other, most, CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    assertThat(domain.limitHeap(USUAL_BYTES)).isTrue();
    assertThat(other.limitHeap(most)).isTrue();
    other.close();
    assertThat(domain.limitHeap(most)).isTrue();
  }

  @Test
  void theLimitGoesAlongWithADomain() {
    assertThat(domain.limitHeap(20 << 20)).isTrue();
    DomainImage image = domain.image();
    assertThat(image.heapBytes()).isEqualTo(20 << 20);
    try (Domain after = bench.driver.reopen(0, image, (result, detail) -> {}, PrintListener.NONE)) {
      after.adopt(image);
      assertThat(after.image().heapBytes()).isEqualTo(20 << 20);
    }
  }
}
