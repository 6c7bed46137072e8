// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.DeviceImages.ImageDescription;
import io.remora.server.driver.DeviceImages.Kind;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.Domain.Launch;
import io.remora.server.driver.Domain.ModuleDescription;
import io.remora.server.driver.DomainImage.UsedHeap;
import io.remora.server.driver.software.SoftwareDeviceConfig;
import io.remora.server.driver.software.SoftwareDriver;
import io.remora.v1.CUresult;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A domain on another software device takes the place of one that is alive. */
class SuccessorTest {
  private static final long DEVICE_BYTES = 64L << 20;

  /** Keeps a block of the kernels' heap. */
  private static final String HEAP =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .extern .func (.param .b64 address) malloc (.param .b64 bytes);
      .visible .entry keep()
      {
        .reg .b64 %size, %block;
        .param .b64 size;
        .param .b64 block;
        mov.u64 %size, 64;
        st.param.b64 [size], %size;
        call (block), malloc, (size);
        ld.param.b64 %block, [block];
        ret;
      }
      """;

  /** Writes to where nothing is. */
  private static final String FAULT =
      """
      .version 8.0
      .target sm_75
      .address_size 64
      .visible .entry wild()
      {
        .reg .b64 %at;
        mov.u64 %at, 4096;
        st.global.u64 [%at], %at;
        ret;
      }
      """;

  private final DriverBench bench =
      new DriverBench(
          new SoftwareDriver(new SoftwareDeviceConfig(2, DEVICE_BYTES, 2, 121, "test")));

  @AfterEach
  void close() {
    bench.close();
  }

  private Domain reopen(DomainImage image) {
    return bench.driver.reopen(1, image, (result, detail) -> {}, PrintListener.NONE);
  }

  private static ByteBuffer small() throws IOException {
    try (InputStream in = SuccessorTest.class.getResourceAsStream("/cuda/small.ptx")) {
      return ByteBuffer.wrap(requireNonNull(in).readAllBytes());
    }
  }

  private static byte[] save(Domain domain, long address, int bytes) {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    domain.save(address, into);
    return into.array();
  }

  private static void run(Domain domain, long stream, long function) {
    var done = new Outcome();
    domain.launch(
        stream, new Launch(function, 1, 1, 1, 1, 1, 1, 0, false, ByteBuffer.allocate(0)), done);
    assertThat(done.await()).isZero();
  }

  @Test
  void everythingIsWhereItWasAndNamedAsItWas() throws IOException {
    DomainBench first = bench.domain();
    Domain before = first.domain;
    byte[] pattern = DriverBench.pattern(300_000);
    first.write(first.memory(), pattern);
    ModuleDescription module = first.load(small());
    long countRun = DomainBench.function(module, "countRun").function();
    GlobalDescription runs =
        module.globals().stream().filter(each -> each.name().equals("runs")).findFirst().get();
    run(before, first.stream, countRun);
    long untimed = before.createEvent(2);
    long destroyed = before.createStream(1, 0);
    before.destroyStream(destroyed);
    long texture =
        before
            .images()
            .createSurface(
                new ImageDescription(0x20, 1, Kind.PLAIN, first.memory(), 8, 8, 1, 32, 256));

    DomainImage image = before.image();
    Domain after = reopen(image);
    after.commit(first.memory(), DomainBench.MEMORY_BYTES);
    module.globals().forEach(global -> after.commit(global.address(), after.granuleBytes()));
    after.adopt(image);
    after.restore(first.memory(), ByteBuffer.wrap(pattern));
    after.restore(
        runs.address(), ByteBuffer.wrap(save(before, runs.address(), (int) runs.bytes())));
    after.takeOver();
    before.close();

    assertThat(save(after, first.memory(), pattern.length)).isEqualTo(pattern);
    run(after, first.stream, countRun);
    assertThat(save(after, runs.address(), 1)).containsExactly(2);
    assertThat(after.queryEvent(untimed)).isZero();
    assertThat(after.createStream(1, 0)).isNotIn(destroyed, first.stream);
    assertThat(after.images().destroy(texture)).isTrue();
    assertThat(after.image().modules()).hasSize(1);
    // The addresses are the successor's: another domain of the session may copy from them.
    DomainBench other = bench.domain();
    assertThat(other.memory()).isNotEqualTo(first.memory());
    other.awaiting(
        done ->
            other.domain.copyOnDevice(
                other.stream, other.memory(), first.memory(), pattern.length, done));
    assertThat(other.read(other.memory(), pattern.length)).isEqualTo(pattern);
    after.close();
  }

  @Test
  void aDomainOfAnotherServerHasItsAddressesOnlyWhereNobodyHasThem() {
    DomainBench first = bench.domain();
    DomainImage image = first.domain.image();
    FaultListener faults = (result, detail) -> {};
    try (SoftwareDriver other =
        new SoftwareDriver(new SoftwareDeviceConfig(1, DEVICE_BYTES, 2, 121, "test"))) {
      Domain there = other.receive(0, image, faults, PrintListener.NONE);
      assertThat(there.slabAddress()).isEqualTo(image.slabAddress());
      assertThatThrownBy(() -> other.receive(0, image, faults, PrintListener.NONE))
          .isInstanceOfSatisfying(
              DriverException.class,
              e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE));
      there.close();
      other.receive(0, image, faults, PrintListener.NONE).close();
    }
    assertThatThrownBy(() -> bench.driver.receive(1, image, faults, PrintListener.NONE))
        .isInstanceOf(DriverException.class);
  }

  @Test
  void whereThereIsNoRoomTheOldDomainRemainsWhatItIs() throws IOException {
    DomainBench first = bench.domain();
    ModuleDescription module = first.load(small());
    Domain full =
        bench.driver.open(
            1, 256L << 20, TakenAddresses.NONE, (result, detail) -> {}, PrintListener.NONE);
    full.commit(full.slabAddress(), DEVICE_BYTES);
    DomainImage image = first.domain.image();
    Domain after = reopen(image);
    assertThatThrownBy(() -> after.commit(first.memory(), DomainBench.MEMORY_BYTES))
        .isInstanceOfSatisfying(
            DriverException.class,
            e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE));
    after.close();
    full.close();

    run(first.domain, first.stream, DomainBench.function(module, "countRun").function());
    DomainBench other = bench.domain();
    first.write(first.memory(), DriverBench.pattern(64));
    other.awaiting(
        done -> other.domain.copyOnDevice(other.stream, other.memory(), first.memory(), 64, done));
    assertThat(other.read(other.memory(), 64)).isEqualTo(DriverBench.pattern(64));
    assertThat(bench.domain().memory()).isNotIn(first.memory(), other.memory());
  }

  @Test
  void whatKernelsHaveAllocatedIsTheirsInTheSuccessor() {
    DomainBench first = bench.domain();
    ModuleDescription module = first.load(ByteBuffer.wrap(HEAP.getBytes(StandardCharsets.UTF_8)));
    long keep = DomainBench.function(module, "keep").function();
    run(first.domain, first.stream, keep);
    run(first.domain, first.stream, keep);
    DomainImage image = first.domain.image();
    UsedHeap heap = requireNonNull(image.usedHeap());
    assertThat(heap.bytes()).isEqualTo(2 * 64);
    first.domain.restore(heap.start(), ByteBuffer.wrap(DriverBench.pattern(2 * 64)));

    Domain after = reopen(image);
    after.commit(first.memory(), DomainBench.MEMORY_BYTES);
    after.adopt(image);
    after.restore(heap.start(), ByteBuffer.wrap(save(first.domain, heap.start(), 2 * 64)));
    assertThat(after.image()).isEqualTo(image);
    assertThatThrownBy(() -> after.limitHeap(16 << 20))
        .isInstanceOfSatisfying(
            DriverException.class,
            e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE));
    run(after, first.stream, keep);
    assertThat(requireNonNull(after.image().usedHeap()).bytes()).isEqualTo(3 * 64);
    assertThat(save(after, heap.start(), 2 * 64)).isEqualTo(DriverBench.pattern(2 * 64));
    after.close();
  }

  @Test
  void aFaultIsTheSuccessorsToo() {
    DomainBench first = bench.domain();
    first.write(first.memory(), DriverBench.pattern(64));
    ModuleDescription module = first.load(ByteBuffer.wrap(FAULT.getBytes(StandardCharsets.UTF_8)));
    var ended = new Outcome();
    long wild = DomainBench.function(module, "wild").function();
    first.domain.launch(
        first.stream, new Launch(wild, 1, 1, 1, 1, 1, 1, 0, false, ByteBuffer.allocate(0)), ended);
    assertThat(ended.await()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    DomainImage image = first.domain.image();
    Domain after = reopen(image);
    after.commit(first.memory(), DomainBench.MEMORY_BYTES);
    after.adopt(image);
    after.restore(first.memory(), ByteBuffer.wrap(save(first.domain, first.memory(), 64)));
    assertThat(after.fault()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(after.queryStream(first.stream)).isEqualTo(after.fault());
    assertThat(save(after, first.memory(), 64)).isEqualTo(DriverBench.pattern(64));
    after.close();
  }
}
