// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.ModuleDescription;
import io.remora.server.driver.Domain.ParameterDescription;
import io.remora.v1.CUresult;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every driver must do with modules and kernels. A driver's own test extends it and says how
 * to open the driver.
 */
public abstract class KernelContractTest {
  @SuppressWarnings("NullAway.Init") // Set before each test.
  private DriverBench bench;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private DomainBench domain;

  /** Opens the driver under test, with at least one device. */
  protected abstract Driver openDriver();

  @BeforeEach
  final void open() {
    bench = new DriverBench(openDriver());
    domain = bench.domain();
  }

  @AfterEach
  final void close() {
    bench.close();
  }

  private static ByteBuffer image(String program) {
    try (InputStream in =
        KernelContractTest.class.getResourceAsStream("/cuda/" + program + ".ptx")) {
      return ByteBuffer.wrap(requireNonNull(in, program).readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ByteBuffer parameters(FunctionDescription function, Object... values) {
    ByteBuffer packed =
        ByteBuffer.allocate(function.parameterBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values.length; i++) {
      packed.position(function.parameters().get(i).offset());
      if (values[i] instanceof Long wide) {
        packed.putLong(wide);
      } else {
        packed.putInt((Integer) values[i]);
      }
    }
    return packed.position(0).limit(packed.capacity());
  }

  private static Domain.Launch launch(
      FunctionDescription function, int blocks, int threads, Object... values) {
    return new Domain.Launch(
        function.function(), blocks, 1, 1, threads, 1, 1, 0, false, parameters(function, values));
  }

  private int run(DomainBench in, FunctionDescription function, int blocks, Object... values) {
    var outcome = new Outcome();
    in.domain.launch(in.stream, launch(function, blocks, 64, values), outcome);
    return outcome.await();
  }

  private IntBuffer ints(DomainBench in, long address, int count) {
    return ByteBuffer.wrap(in.read(address, 4 * count))
        .order(ByteOrder.LITTLE_ENDIAN)
        .asIntBuffer();
  }

  @Test
  void aKernelComputes() {
    ModuleDescription module = domain.load(image("small"));
    FunctionDescription fill = DomainBench.function(module, "fillSequence");
    assertThat(run(domain, fill, 16, domain.memory(), 5, 3, 1000)).isZero();
    IntBuffer values = ints(domain, domain.memory(), 1024);
    for (int i = 0; i < 1024; i++) {
      assertThat(values.get(i)).isEqualTo(i < 1000 ? 5 + 3 * i : 0);
    }
  }

  @Test
  void aModuleDescribesItsFunctions() {
    ModuleDescription module = domain.load(image("small"));
    FunctionDescription fill = DomainBench.function(module, "fillSequence");
    assertThat(fill.parameters())
        .containsExactly(
            new ParameterDescription(0, 8),
            new ParameterDescription(8, 4),
            new ParameterDescription(12, 4),
            new ParameterDescription(16, 4));
    assertThat(fill.parameterBytes()).isEqualTo(20);
    for (int attribute = 0; attribute <= 15; attribute++) {
      assertThat(fill.attributes()).containsKey(attribute);
    }
    assertThat(fill.attributes()).containsEntry(0, 1024);
    assertThat(DomainBench.function(module, "emptyKernel").parameterBytes()).isZero();
  }

  @Test
  void variablesOfAModuleAreEachDomainsOwn() {
    DomainBench other = bench.domain();
    List<Integer> counts = new ArrayList<>();
    for (DomainBench each : List.of(domain, other)) {
      ModuleDescription module = each.load(image("small"));
      FunctionDescription count = DomainBench.function(module, "countRun");
      int runs = counts.isEmpty() ? 3 : 5;
      for (int i = 0; i < runs; i++) {
        assertThat(run(each, count, 1)).isZero();
      }
      Domain.GlobalDescription global =
          module.globals().stream()
              .filter(variable -> variable.name().equals("runs"))
              .findFirst()
              .orElseThrow();
      assertThat(global.bytes()).isEqualTo(4);
      counts.add(ints(each, global.address(), 1).get(0));
      FunctionDescription sum = DomainBench.function(module, "sumOfLimits");
      assertThat(run(each, sum, 1, each.memory())).isZero();
      assertThat(ints(each, each.memory(), 1).get(0)).isEqualTo(10);
    }
    assertThat(counts).containsExactly(3, 5);
  }

  @Test
  void launchesOnAStreamRunInOrder() {
    FunctionDescription step = DomainBench.function(domain.load(image("small")), "multiplyThenAdd");
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int expected = 0;
    var last = new Outcome();
    for (int i = 0; i < 5000; i++) {
      int factor = random.nextInt();
      int summand = random.nextInt();
      expected = expected * factor + summand;
      domain.domain.launch(
          domain.stream,
          launch(step, 1, 32, domain.memory(), factor, summand),
          i == 4999 ? last : WorkObserver.NONE);
    }
    assertThat(last.await()).isZero();
    assertThat(ints(domain, domain.memory(), 1).get(0)).isEqualTo(expected);
  }

  @Test
  void streamsRunAtTheSameTime() {
    FunctionDescription spin = DomainBench.function(domain.load(image("faults")), "spinUntil");
    List<Outcome> spinning = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      long stream = domain.domain.createStream(1, 0);
      var outcome = new Outcome();
      spinning.add(outcome);
      domain.domain.launch(stream, launch(spin, 1, 1, domain.memory()), outcome);
    }
    assertThat(spinning).noneMatch(Outcome::isDone);
    domain.awaiting(
        done -> domain.domain.cuMemsetD8Async(domain.memory(), 1, 4, domain.stream, done));
    for (Outcome outcome : spinning) {
      assertThat(outcome.await()).isZero();
    }
  }

  @Test
  void endlessKernelsOfOneDomainDoNotHoldUpAnother() {
    DomainBench other = bench.domain();
    FunctionDescription forever = DomainBench.function(domain.load(image("faults")), "spinForever");
    for (int i = 0; i < 20; i++) {
      domain.domain.launch(
          domain.domain.createStream(1, 0),
          launch(forever, 4, 32, domain.memory()),
          WorkObserver.NONE);
    }
    FunctionDescription fill = DomainBench.function(other.load(image("small")), "fillSequence");
    for (int i = 0; i < 10; i++) {
      assertThat(run(other, fill, 16, other.memory(), i, 1, 1000)).isZero();
      assertThat(ints(other, other.memory(), 1).get(0)).isEqualTo(i);
    }
  }

  @Test
  void closingStopsAnEndlessKernel() {
    FunctionDescription forever = DomainBench.function(domain.load(image("faults")), "spinForever");
    var outcome = new Outcome();
    var behind = new Outcome();
    domain.domain.launch(domain.stream, launch(forever, 64, 256, domain.memory()), outcome);
    domain.domain.launch(domain.stream, launch(forever, 64, 256, domain.memory()), behind);
    domain.domain.close();
    assertThat(outcome.await()).isEqualTo(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE);
    assertThat(behind.await()).isEqualTo(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE);
    assertThat(domain.faults).isEmpty();
  }

  @Test
  void anIllegalAccessIsTheFaultOfItsDomainOnly() {
    DomainBench other = bench.domain();
    byte[] bytes = DriverBench.pattern(100_000);
    other.write(other.memory(), bytes);
    FunctionDescription write = DomainBench.function(domain.load(image("faults")), "writeTo");
    var outcome = new Outcome();
    domain.domain.launch(domain.stream, launch(write, 1, 1, other.memory(), 77), outcome);

    assertThat(outcome.await()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(domain.domain.fault()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(domain.domain.queryStream(domain.stream))
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(domain.faults).hasSize(1);
    assertThat(domain.faults.get(0))
        .contains("writeTo", "(0,0,0)", Long.toHexString(other.memory()));
    assertThat(domain.tryWrite(domain.memory(), new byte[4]))
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(other.domain.fault()).isZero();
    assertThat(other.read(other.memory(), bytes.length)).isEqualTo(bytes);
    FunctionDescription fill = DomainBench.function(other.load(image("small")), "fillSequence");
    assertThat(run(other, fill, 1, other.memory(), 1, 1, 64)).isZero();
  }

  @Test
  void aFaultStopsTheDomainsOtherKernels() {
    ModuleDescription module = domain.load(image("faults"));
    var endless = new Outcome();
    domain.domain.launch(
        domain.domain.createStream(1, 0),
        launch(DomainBench.function(module, "spinForever"), 1, 1, domain.memory()),
        endless);
    FunctionDescription write = DomainBench.function(module, "writeTo");
    assertThat(run(domain, write, 1, 8L, 1)).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(endless.await()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
    assertThat(domain.faults).hasSize(1);
  }

  @Test
  void aMisalignedAccessIsAFault() {
    FunctionDescription write = DomainBench.function(domain.load(image("faults")), "writeTo");
    assertThat(run(domain, write, 1, domain.memory() + 1, 1))
        .isEqualTo(CUresult.CUDA_ERROR_MISALIGNED_ADDRESS_VALUE);
  }

  @Test
  void aTrapIsAFault() {
    FunctionDescription trap = DomainBench.function(domain.load(image("faults")), "trapAlways");
    assertThat(run(domain, trap, 1)).isEqualTo(CUresult.CUDA_ERROR_LAUNCH_FAILED_VALUE);
  }

  @Test
  void launchesThatCannotBeAreRefused() {
    FunctionDescription fill = DomainBench.function(domain.load(image("small")), "fillSequence");
    ByteBuffer good = parameters(fill, domain.memory(), 1, 1, 64);
    long function = fill.function();
    List<Domain.Launch> launches =
        List.of(
            new Domain.Launch(function, 0, 1, 1, 64, 1, 1, 0, false, good),
            new Domain.Launch(function, 1, 65536, 1, 64, 1, 1, 0, false, good),
            new Domain.Launch(function, 1, 1, 1, 1025, 1, 1, 0, false, good),
            new Domain.Launch(function, 1, 1, 1, 1024, 2, 1, 0, false, good),
            new Domain.Launch(function, 1, 1, 1, 1, 1, 65, 0, false, good),
            new Domain.Launch(function, 1, 1, 1, 64, 1, 1, -1, false, good),
            new Domain.Launch(function, 1, 1, 1, 64, 1, 1, 49153, false, good),
            new Domain.Launch(function, 1, 1, 1, 64, 1, 1, 0, false, ByteBuffer.allocate(19)),
            new Domain.Launch(function + 1000, 1, 1, 1, 64, 1, 1, 0, false, good));
    for (Domain.Launch launch : launches) {
      assertThatThrownBy(() -> domain.domain.launch(domain.stream, launch, WorkObserver.NONE))
          .as("%s", launch)
          .isInstanceOf(DriverException.class);
    }
    assertThat(domain.domain.fault()).isZero();
    assertThat(domain.domain.cuFuncSetAttribute(function, 8, 65536)).isZero();
    domain.awaiting(
        done ->
            domain.domain.launch(
                domain.stream,
                new Domain.Launch(function, 1, 1, 1, 64, 1, 1, 65536, false, good),
                done));
  }

  @Test
  void aCooperativeLaunchThatDoesNotFitIsRefused() {
    FunctionDescription empty = DomainBench.function(domain.load(image("small")), "emptyKernel");
    assertThatThrownBy(
            () ->
                domain.domain.launch(
                    domain.stream,
                    new Domain.Launch(
                        empty.function(), 1 << 20, 1, 1, 64, 1, 1, 0, true, parameters(empty)),
                    WorkObserver.NONE))
        .isInstanceOfSatisfying(
            DriverException.class,
            e ->
                assertThat(e.result())
                    .isEqualTo(CUresult.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE_VALUE));
  }

  @Test
  void occupancyFallsWithTheSizeOfTheBlock() {
    FunctionDescription fill = DomainBench.function(domain.load(image("small")), "fillSequence");
    int[] blocks = new int[1];
    int before = Integer.MAX_VALUE;
    for (int threads = 32; threads <= 1024; threads *= 2) {
      int result =
          domain.domain.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
              blocks, fill.function(), threads, 0, 0);
      assertThat(result).isZero();
      assertThat(blocks[0]).isBetween(1, before);
      before = blocks[0];
    }
    domain.domain.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        blocks, fill.function(), 32, 90 << 10, 0);
    assertThat(blocks[0]).isEqualTo(1);
    long[] shared = new long[1];
    assertThat(
            domain.domain.cuOccupancyAvailableDynamicSMemPerBlock(shared, fill.function(), 1, 256))
        .isZero();
    assertThat(shared[0]).isGreaterThanOrEqualTo(48 << 10);
  }

  @Test
  void eventsAroundAKernelMeasureIt() {
    FunctionDescription busy = DomainBench.function(domain.load(image("faults")), "busy");
    long start = domain.event();
    long end = domain.event();
    var kernel = new Outcome();
    domain.domain.recordEvent(start, domain.stream, WorkObserver.NONE);
    domain.domain.launch(domain.stream, launch(busy, 8, 64, domain.memory(), 100_000), kernel);
    domain.awaiting(done -> domain.domain.recordEvent(end, domain.stream, done));
    float[] milliseconds = new float[1];
    assertThat(domain.domain.cuEventElapsedTime(milliseconds, start, end)).isZero();
    assertThat(kernel.await()).isZero();
    assertThat(kernel.deviceNanos()).isPositive();
    assertThat((double) milliseconds[0]).isGreaterThanOrEqualTo(kernel.deviceNanos() / 1.001e6);
  }

  @Test
  void malformedPtxIsRefusedWithLineAndColumn() {
    String text = ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry k( {\n}\n";
    assertThatThrownBy(() -> domain.load(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII))))
        .isInstanceOfSatisfying(
            DriverException.class,
            e -> {
              assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_INVALID_PTX_VALUE);
              assertThat(e.detail()).contains("line 4, column");
            });
  }

  @Test
  void aFunctionIsGoneWithItsModule() {
    ModuleDescription module = domain.load(image("small"));
    FunctionDescription empty = DomainBench.function(module, "emptyKernel");
    assertThat(run(domain, empty, 1)).isZero();
    domain.domain.unloadModule(module.module());
    assertThatThrownBy(() -> run(domain, empty, 1)).isInstanceOf(DriverException.class);
  }
}
