// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Domains whose kernels keep to the slab. What the kernels do then, FenceTest shows. */
final class CudaFenceTest {
  private static final String HEADER = ".version 8.0\n.target sm_80\n.address_size 64\n";
  private static final String MODULE =
      HEADER
          + """
          .visible .global .align 4 .u32 counts[3] = {7, 8, 9};
          .visible .const .align 4 .u32 limit = 5;
          .global .align 8 .u64 next = counts;
          .visible .entry null_fill(.param .u64 words, .param .u32 value, .param .u32 count) {
            .reg .b64 %address;
            ld.param.u64 %address, [words];
            st.global.u32 [%address], 1;
            ret;
          }
          """;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private CudaBench bench;

  private final List<Long> placed = new ArrayList<>();

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

  private Domain fenced() {
    Domain domain =
        bench.driver.open(
            0,
            CudaBench.SLAB_BYTES,
            TakenAddresses.NONE,
            (result, detail) -> {},
            PrintListener.NONE);
    assertThat(domain.fenceKernels()).isTrue();
    domain.commit(domain.slabAddress(), domain.granuleBytes());
    return domain;
  }

  private Domain.ModuleDescription load(Domain domain, String text) {
    return domain.loadModule(
        ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)),
        (name, bytes, alignment) -> {
          long address = domain.slabAddress() + 256L * placed.size();
          placed.add(address);
          return address;
        });
  }

  private static ByteBuffer saved(Domain domain, long address, int bytes) {
    ByteBuffer into = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    domain.save(address, into);
    return into.flip();
  }

  @Test
  void variablesLieInTheSlabWithTheirInitialValues() {
    Domain domain = fenced();
    Domain.ModuleDescription module = load(domain, MODULE);
    assertThat(module.globals())
        .extracting(Domain.GlobalDescription::name, Domain.GlobalDescription::address)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("counts", placed.get(0)),
            org.assertj.core.groups.Tuple.tuple("next", placed.get(1)));
    ByteBuffer counts = saved(domain, placed.get(0), 12);
    assertThat(new int[] {counts.getInt(0), counts.getInt(4), counts.getInt(8)})
        .containsExactly(7, 8, 9);
    assertThat(saved(domain, placed.get(1), 8).getLong(0)).isEqualTo(placed.get(0));
    // Constant memory stays where the driver has it.
    assertThat(domain.findGlobal(module.module(), "limit")).isPresent();
    assertThat(domain.findGlobal(module.module(), "counts")).isEmpty();
    domain.close();
  }

  @Test
  void anotherContextHasTheVariablesAsTheyWere() {
    Domain domain = fenced();
    Domain.ModuleDescription module = load(domain, MODULE);
    long stream = domain.createStream(1, 0);
    ByteBuffer changed = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 70);
    CudaBench.End written = new CudaBench.End();
    domain.copyToDevice(stream, placed.get(0), changed, written);
    assertThat(written.await()).isZero();
    CudaBench.End launched = new CudaBench.End();
    domain.launch(
        stream,
        new Domain.Launch(
            module.functions().get(0).function(),
            1,
            1,
            1,
            1,
            1,
            1,
            0,
            false,
            ByteBuffer.allocate(16).order(ByteOrder.nativeOrder()).putLong(0, placed.get(1) + 64)),
        launched);
    assertThat(launched.await()).isZero();
    ByteBuffer kept = saved(domain, domain.slabAddress(), (int) domain.granuleBytes());
    domain.decommit(domain.slabAddress(), domain.granuleBytes());

    CudaBench.Session guilty = bench.session();
    NullDriver.control("fault cuLaunchKernel 700");
    assertThat(guilty.launch("null_fill", guilty.memory(), 7, 4))
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(bench.driver.renew(0)).isTrue();
    DomainImage image = domain.image();
    Domain successor = bench.driver.reopen(0, image, (result, detail) -> {}, PrintListener.NONE);
    assertThat(successor.fenceKernels()).isTrue();
    successor.adopt(image);
    successor.takeOver();
    successor.commit(successor.slabAddress(), successor.granuleBytes());
    successor.restore(successor.slabAddress(), kept);
    assertThat(saved(successor, placed.get(0), 4).getInt(0)).isEqualTo(70);
    assertThat(successor.image().modules().get(0).globals()).isEqualTo(module.globals());
    successor.close();
  }

  @Test
  void whatCannotBeFencedIsNotLoaded() {
    Domain domain = fenced();
    NullDriver.control("counts");
    byte[] cubin = new byte[64];
    System.arraycopy(new byte[] {0x7f, 'E', 'L', 'F'}, 0, cubin, 0, 4);
    assertThatThrownBy(() -> domain.loadModule(ByteBuffer.wrap(cubin), (n, b, a) -> 0))
        .isInstanceOfSatisfying(
            DriverException.class,
            refused -> {
              assertThat(refused.result()).isEqualTo(CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE);
              assertThat(refused.detail())
                  .contains("isolation 'guarded' runs PTX only", "isolation set to shared");
            });
    assertThatThrownBy(
            () -> load(domain, HEADER + ".visible .entry k() { multimem.red.add.u32 [%rd1], 1; }"))
        .isInstanceOfSatisfying(
            DriverException.class,
            refused -> {
              assertThat(refused.result()).isEqualTo(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE);
              assertThat(refused.detail()).contains("line 4", "multimem.red", "shared");
            });
    assertThat(NullDriver.calls("cuModuleLoadDataEx")).isZero();
    domain.close();
  }

  @Test
  void aSlabWithoutVirtualMemoryManagementIsFencedToo() {
    bench.close();
    NullDriver.control("vmm 0");
    bench = new CudaBench(NullDriver.open());
    Domain domain = fenced();
    Domain.ModuleDescription module = load(domain, MODULE);
    assertThat(module.globals()).hasSize(2);
    domain.close();
  }
}
