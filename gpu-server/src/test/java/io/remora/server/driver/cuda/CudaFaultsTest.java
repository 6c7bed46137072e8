// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What sessions see when a GPU or its driver fails, is full or is slow: on the null driver. */
@Timeout(60)
class CudaFaultsTest {
  private static final int ILLEGAL_ADDRESS = CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE;
  private static final int OUT_OF_MEMORY = CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private CudaBench bench;

  @BeforeEach
  void open() {
    NullDriver.control("restart");
    bench = new CudaBench(NullDriver.open());
  }

  @AfterEach
  void close() {
    bench.close();
    NullDriver.control("restart");
  }

  @Test
  void aKernelsFaultNamesTheGuiltySessionAndTellsTheOthersWhatTheyLost() {
    CudaBench.Session guilty = bench.session();
    CudaBench.Session idle = bench.session();
    NullDriver.control("fault cuLaunchKernel 700");

    assertThat(guilty.launch("null_fill", guilty.memory(), 7, 4)).isEqualTo(ILLEGAL_ADDRESS);

    assertThat(guilty.domain.fault()).isEqualTo(ILLEGAL_ADDRESS);
    assertThat(guilty.faults).singleElement().asString().contains("kernel null_fill");
    CudaBench.until(() -> !idle.faults.isEmpty());
    assertThat(idle.domain.fault()).isEqualTo(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE);
    assertThat(idle.faults).singleElement().asString().contains("another session");
  }

  @Test
  void afterAFaultNewSessionsWorkAndTheOldGiveTheirMemoryBack() {
    CudaBench.Session guilty = bench.session();
    long mappings = NullDriver.calls("cuMemUnmap");
    NullDriver.control("fault cuLaunchKernel 719");
    assertThat(guilty.launch("null_fill", guilty.memory(), 7, 4))
        .isEqualTo(CUresult.CUDA_ERROR_LAUNCH_FAILED_VALUE);

    CudaBench.Session next = bench.session();
    assertThat(next.launch("null_fill", next.memory(), 7, 4)).isZero();
    assertThat(next.readInts(next.memory(), 5)).containsExactly(7, 7, 7, 7, 0);
    guilty.domain.close();
    assertThat(NullDriver.calls("cuMemUnmap")).isGreaterThan(mappings);
  }

  @Test
  void anErrorOfOneCallIsThatCallsOnly() {
    CudaBench.Session session = bench.session();
    NullDriver.control("fault cuLaunchKernel 701");
    assertThat(session.launch("null_fill", session.memory(), 7, 4))
        .isEqualTo(CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES_VALUE);
    assertThat(session.domain.fault()).isZero();
    assertThat(session.launch("null_fill", session.memory(), 7, 4)).isZero();
  }

  @Test
  void aDeviceThatIsFullChangesNothing() {
    CudaBench.Session session = bench.session();
    Domain domain = session.domain;
    long beyond = session.memory() + CudaBench.MEMORY_BYTES;
    NullDriver.control("fault cuMemCreate 2 3");
    assertThatThrownBy(() -> domain.commit(beyond, 4 * domain.granuleBytes()))
        .isInstanceOfSatisfying(
            DriverException.class, e -> assertThat(e.result()).isEqualTo(OUT_OF_MEMORY));
    domain.commit(beyond, 4 * domain.granuleBytes());
    assertThat(session.readInts(beyond, 6)).containsOnly(0);
    assertThat(domain.fault()).isZero();
  }

  @Test
  void aDeviceThatIsLostIsSaidToBeAndUsedAgainWhenItIsBack() {
    CudaBench.Session session = bench.session();
    NullDriver.control("lost");
    assertThat(session.launch("null_fill", session.memory(), 7, 4))
        .isEqualTo(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE_VALUE);
    CudaBench.until(() -> session.domain.fault() != 0);
    assertThatThrownBy(bench::session)
        .isInstanceOf(DriverException.class)
        .hasMessageContaining("is lost")
        .hasMessageContaining("nvidia-smi");
    NullDriver.control("heal");
    CudaBench.Session next = bench.session();
    assertThat(next.launch("null_fill", next.memory(), 7, 4)).isZero();
  }

  @Test
  void whileOneSessionsModuleIsCompiledOthersGoOn() throws Exception {
    CudaBench.Session slow = bench.session();
    CudaBench.Session other = bench.session();
    NullDriver.control("delay cuModuleLoadDataEx 2000000");
    CompletableFuture<Domain.ModuleDescription> loading =
        CompletableFuture.supplyAsync(slow::loadAgain);
    for (int i = 0; i < 100; i++) {
      assertThat(other.launch("null_fill", other.memory(), i, 4)).isZero();
      assertThat(other.readInts(other.memory(), 1)).containsExactly(i);
    }
    assertThat(loading).isNotDone();
    assertThat(loading.get(20, TimeUnit.SECONDS).functions()).hasSize(3);
  }

  @Test
  void longKernelsNeverFillTheDriverSoThatACallerWouldBlock() {
    CudaBench.Session session = bench.session();
    NullDriver.control("counts");
    NullDriver.control("kernel 20000000");
    for (int i = 0; i < 5000; i++) {
      session.launchOnly("null_fill", session.memory(), i, 4);
    }
    assertThat(NullDriver.calls("cuLaunchKernel")).isEqualTo(CudaStream.IN_FLIGHT_MAX);
    // What has begun goes on for longer than anybody waits, but nobody has to.
    CudaBench.Session other = bench.session();
    assertThat(other.readInts(other.memory(), 1)).containsExactly(0);
  }

  @Test
  void kernelsAreTimedByEvents() {
    CudaBench.Session session = bench.session();
    NullDriver.control("kernel 3000");
    NullDriver.control("clock 0");
    CudaBench.End end = session.launchOnly("null_fill", session.memory(), 7, 4);
    NullDriver.control("clock 5000");
    assertThat(end.await()).isZero();
    assertThat(end.deviceNanos()).isEqualTo(3_000_000L);
  }

  @Test
  void stagingMemoryIsKeptUntilTheDeviceHasReadIt() {
    CudaBench.Session session = bench.session();
    NullDriver.control("copy 1000");
    byte[] bytes = new byte[(int) CudaBench.MEMORY_BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 7 + (i >> 8) * 3 + (i >> 16));
    }
    assertThat(session.write(session.memory(), bytes)).isZero();
    assertThat(session.read(session.memory(), bytes.length)).isEqualTo(bytes);
  }

  @Test
  void aVariableIsFoundByNameWhereTheDriverHasPutIt() {
    CudaBench.Session session = bench.session();
    long module = session.module.module();
    Domain.GlobalDescription counter = session.domain.findGlobal(module, "counters").orElseThrow();
    assertThat(counter.bytes()).isEqualTo(64);
    assertThat(session.domain.findGlobal(module, "nothing")).isEmpty();
    assertThat(session.launch("null_fill", counter.address(), 9, 16)).isZero();
    assertThat(session.readInts(counter.address(), 16)).containsOnly(9);
    session.domain.unloadModule(module);
    assertThat(session.write(counter.address(), new byte[4])).isNotZero();
  }

  @Test
  void withoutVirtualMemoryManagementASessionTakesItsMemoryAtTheStart() {
    NullDriver.control("vmm 0");
    try (CudaBench plain = new CudaBench(NullDriver.open())) {
      assertThat(plain.driver.abilities(0)).anyMatch(text -> text.contains("no virtual memory"));
      CudaBench.Session session = plain.session();
      assertThat(session.domain.slabBytes()).isLessThan(CudaBench.SLAB_BYTES);
      assertThat(session.readInts(session.memory(), 16)).containsOnly(0);
      assertThat(session.launch("null_fill", session.memory(), 7, 4)).isZero();
      assertThat(session.readInts(session.memory(), 2)).containsExactly(7, 7);
    }
  }

  @Test
  void aDriverThatCantBeUsedIsOneLineThatSaysWhatToDo() {
    assertThatThrownBy(() -> CudaDriver.open("/nowhere/libcuda.so.1", NullDriver.MANAGEMENT, false))
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessageContaining("install NVIDIA's driver");
    NullDriver.control("version 12020");
    assertUnavailable("is for CUDA 12.2, and 12.4 is needed: update the driver");
    NullDriver.control("version 13000");
    NullDriver.control("fault cuInit 803");
    assertUnavailable("different versions");
    NullDriver.control("fault cuInit 100");
    assertUnavailable("finds no GPU");
  }

  private static void assertUnavailable(String text) {
    assertThatThrownBy(() -> CudaDriver.open(NullDriver.LIBRARY, NullDriver.MANAGEMENT, false))
        .isInstanceOf(CudaUnavailableException.class)
        .hasMessageContaining(text)
        .message()
        .doesNotContain("\n");
  }
}
