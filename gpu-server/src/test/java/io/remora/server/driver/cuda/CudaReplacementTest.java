// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.FaultListener;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A domain stands in for one whose context has ended by another's fault: on the null driver. */
@Timeout(60)
class CudaReplacementTest {
  private static final int DYNAMIC_SHARED_BYTES = 8;
  private static final String KERNEL =
      """
      .version 8.0
      .target sm_80
      .address_size 64
      .visible .entry null_fill(.param .u64 words, .param .u32 value, .param .u32 count) { ret; }
      """;

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

  private Domain domain() {
    return bench.driver.open(
        0, CudaBench.SLAB_BYTES, TakenAddresses.NONE, (result, detail) -> {}, PrintListener.NONE);
  }

  private static Domain.FunctionDescription load(Domain domain) {
    return domain
        .loadModule(
            ByteBuffer.wrap(KERNEL.getBytes(StandardCharsets.UTF_8)),
            (name, bytes, alignment) -> {
              throw new AssertionError("a real driver places its variables itself");
            })
        .functions()
        .get(0);
  }

  private static int fill(Domain domain, long stream, long function, long words, int shared) {
    ByteBuffer parameters =
        ByteBuffer.allocate(16)
            .order(ByteOrder.nativeOrder())
            .putLong(words)
            .putInt(7)
            .putInt(4)
            .flip();
    CudaBench.End end = new CudaBench.End();
    domain.launch(
        stream, new Domain.Launch(function, 1, 1, 1, 1, 1, 1, shared, false, parameters), end);
    return end.await();
  }

  private void endTheContext() {
    CudaBench.Session guilty = bench.session();
    NullDriver.control("fault cuLaunchKernel 700");
    assertThat(guilty.launch("null_fill", guilty.memory(), 7, 4))
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
  }

  private Domain successor(Domain lost) {
    DomainImage image = lost.image();
    Domain successor = bench.driver.reopen(0, image, (result, detail) -> {}, PrintListener.NONE);
    successor.adopt(image);
    successor.takeOver();
    return successor;
  }

  @Test
  void theSuccessorHasTheSameAddressesAndHandles() {
    Domain lost = domain();
    long granule = lost.granuleBytes();
    long at = lost.slabAddress() + 3 * granule;
    lost.commit(at, 2 * granule);
    Domain.FunctionDescription kernel = load(lost);
    assertThat(lost.cuFuncSetAttribute(kernel.function(), DYNAMIC_SHARED_BYTES, 60_000)).isZero();
    long gone = lost.createStream(1, 0);
    long stream = lost.createStream(1, -3);
    long event = lost.createEvent(0);
    lost.destroyStream(gone);
    CudaBench.End recorded = new CudaBench.End();
    lost.recordEvent(event, stream, recorded);
    assertThat(recorded.await()).isZero();
    assertThat(fill(lost, stream, kernel.function(), at, 60_000)).isZero();
    ByteBuffer kept = ByteBuffer.allocate((int) (2 * granule));
    lost.save(at, kept);
    assertThat(kept.order(ByteOrder.nativeOrder()).getInt(12)).isEqualTo(7);
    lost.decommit(at, 2 * granule);

    endTheContext();
    assertThat(lost.fault()).isEqualTo(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE);
    assertThat(bench.driver.renew(0)).isTrue();
    assertThat(bench.driver.renew(0)).isFalse();
    Domain successor = successor(lost);
    lost.close();

    assertThat(successor.slabAddress()).isEqualTo(at - 3 * granule);
    successor.commit(at, 2 * granule);
    successor.restore(at, kept.flip().limit(kept.capacity()));
    ByteBuffer read = ByteBuffer.allocate((int) (2 * granule));
    successor.save(at, read);
    assertThat(read.array()).isEqualTo(kept.array());
    assertThat(successor.queryStream(stream)).isZero();
    assertThat(successor.queryEvent(event)).isZero();
    assertThat(fill(successor, stream, kernel.function(), at + 64, 60_000)).isZero();
    long later = successor.createEvent(0);
    assertThat(later).isNotEqualTo(event);
    CudaBench.End again = new CudaBench.End();
    successor.recordEvent(later, stream, again);
    assertThat(again.await()).isZero();
    float[] milliseconds = new float[1];
    assertThat(successor.cuEventElapsedTime(milliseconds, event, later)).isZero();
    assertThat(milliseconds[0]).isPositive();
    assertThat(successor.image().streams())
        .singleElement()
        .isEqualTo(new DomainImage.StreamImage(stream, -3));
    assertThat(successor.createStream(1, 0)).isNotIn(gone, stream);
    successor.close();
  }

  @Test
  void variablesThatAKernelMayHaveChangedCannotBeHadAgain() {
    CudaBench.Session unused = bench.session();
    CudaBench.Session used = bench.session();
    assertThat(used.launch("null_fill", used.memory(), 7, 4)).isZero();
    endTheContext();
    assertThatThrownBy(used.domain::image)
        .isInstanceOf(DriverException.class)
        .hasMessageContaining("variables");
    assertThat(unused.domain.image().modules()).hasSize(1);
  }

  @Test
  void aDomainOfAnotherServerIsMadeAgainWhereItsAddressesAreFree() {
    Domain there = domain();
    long granule = there.granuleBytes();
    long at = there.slabAddress() + 3 * granule;
    there.commit(at, granule);
    Domain.FunctionDescription kernel = load(there);
    long stream = there.createStream(1, 0);
    assertThat(fill(there, stream, kernel.function(), at, 0)).isZero();
    ByteBuffer kept = ByteBuffer.allocate((int) granule);
    there.save(at, kept);
    DomainImage image = there.image();
    FaultListener faults = (result, detail) -> {};
    assertThatThrownBy(() -> bench.driver.receive(0, image, faults, PrintListener.NONE))
        .isInstanceOfSatisfying(
            DriverException.class,
            e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE));
    there.close();

    Domain here = bench.driver.receive(0, image, faults, PrintListener.NONE);
    assertThat(here.slabAddress()).isEqualTo(image.slabAddress());
    here.commit(at, granule);
    here.adopt(image);
    here.takeOver();
    here.restore(at, kept.flip().limit(kept.capacity()));
    ByteBuffer again = ByteBuffer.allocate((int) granule);
    here.save(at, again);
    assertThat(again.order(ByteOrder.nativeOrder()).getInt(12)).isEqualTo(7);
    assertThat(fill(here, stream, kernel.function(), at, 0)).isZero();
    here.close();
  }

  @Test
  void aSessionThatIsAliveStaysWhereItIs() {
    Domain alive = domain();
    DomainImage image = alive.image();
    FaultListener faults = (result, detail) -> {};
    assertThatThrownBy(() -> bench.driver.reopen(0, image, faults, PrintListener.NONE))
        .isInstanceOfSatisfying(
            DriverException.class,
            e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE));
    alive.commit(alive.slabAddress(), alive.granuleBytes());
    alive.close();
  }

  @Test
  void aSuccessorThatFailsLeavesNothingBehind() {
    Domain lost = domain();
    load(lost);
    endTheContext();
    long reservations = NullDriver.calls("cuMemAddressFree");
    DomainImage image = lost.image();
    Domain successor = bench.driver.reopen(0, image, (result, detail) -> {}, PrintListener.NONE);
    NullDriver.control("fault cuModuleLoadDataEx 2");
    assertThatThrownBy(() -> successor.adopt(image)).isInstanceOf(DriverException.class);
    successor.close();
    lost.close();
    assertThat(NullDriver.calls("cuMemAddressFree")).isEqualTo(reservations + 1);
  }

  @Test
  void declarationsAreToldFromInstructions() {
    assertThat(
            List.of(
                    ".version 8.0 .target sm_80 .visible .const .align 4 .b8 c[4];",
                    "\n.global .u32 x;",
                    "\u007fELF is machine code")
                .stream()
                .map(CudaReplacementTest::mayHaveVariables))
        .containsOnly(true);
    assertThat(
            mayHaveVariables(
                ".version 8.0 .entry k(.param .u64 .ptr .global .align 4 p) "
                    + "{ ld.global.u32 %r, [%p]; st.volatile.global.u32 [%p], %r; }"))
        .isFalse();
  }

  private static boolean mayHaveVariables(String image) {
    return Variables.mayBeIn(ByteBuffer.wrap(image.getBytes(StandardCharsets.UTF_8)));
  }
}
