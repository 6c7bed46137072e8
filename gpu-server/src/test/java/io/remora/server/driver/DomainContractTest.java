// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every driver must do with memory, streams and events. A driver's own test extends it and
 * says how to open the driver.
 */
public abstract class DomainContractTest {
  static final long SLAB_BYTES = 256L << 20;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  DriverBench bench;

  /** Opens the driver under test, with at least one device. */
  protected abstract Driver openDriver();

  @BeforeEach
  final void open() {
    bench = new DriverBench(openDriver());
  }

  @AfterEach
  final void close() {
    bench.close();
  }

  @Test
  void aDeviceDescribesItself() {
    DeviceDescription device = bench.driver.devices().get(0);
    assertThat(device.name()).isNotBlank();
    assertThat(device.uuid()).matches("[0-9a-f]{32}");
    assertThat(device.totalMemoryBytes()).isPositive();
    assertThat(device.pciBusId()).matches("[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.0");
    assertThat(device.attributes()).containsEntry(10, 32).containsKeys(1, 16, 75, 76, 147);
    assertThat(device.limits()).containsKeys(0, 1, 2);
  }

  @Test
  void slabsNeverOverlapAndNeverStartAtZero() {
    List<Domain> domains = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      domains.add(bench.open(SLAB_BYTES));
    }
    domains.sort((left, right) -> Long.compareUnsigned(left.slabAddress(), right.slabAddress()));
    long end = 1;
    for (Domain domain : domains) {
      assertThat(domain.slabAddress()).isGreaterThanOrEqualTo(end);
      assertThat(domain.slabAddress() % domain.slabBytes()).isZero();
      end = domain.slabAddress() + domain.slabBytes();
    }
  }

  @Test
  void aSlabLiesApartFromAddressesThatItsUserHasElsewhere() {
    Domain before = bench.open(SLAB_BYTES);
    // As another server would have given them.
    List<TakenAddresses.Range> taken =
        List.of(
            new TakenAddresses.Range(before.slabAddress(), SLAB_BYTES),
            new TakenAddresses.Range(before.slabAddress() + 3 * SLAB_BYTES, SLAB_BYTES));
    before.close();
    for (int i = 0; i < 3; i++) {
      Domain domain = bench.open(SLAB_BYTES, new TakenAddresses(taken));
      assertThat(new TakenAddresses(taken).overlap(domain.slabAddress(), domain.slabBytes()))
          .isFalse();
    }
  }

  @Test
  void bytesComeBackAsTheyWereWritten() {
    DomainBench domain = bench.domain();
    byte[] bytes = DriverBench.pattern(3_000_000);
    domain.write(domain.memory(), bytes);
    assertThat(domain.read(domain.memory(), bytes.length)).isEqualTo(bytes);
  }

  @Test
  void memoryReadsAsZeroAtFirstAndAfterItWasTakenAway() {
    DomainBench domain = bench.domain();
    long granule = domain.domain.granuleBytes();
    assertThat(domain.read(domain.memory(), (int) granule)).containsOnly(0);
    domain.write(domain.memory(), DriverBench.pattern((int) granule));
    domain.domain.decommit(domain.memory(), granule);
    domain.domain.commit(domain.memory(), granule);
    assertThat(domain.read(domain.memory(), (int) granule)).containsOnly(0);
  }

  @Test
  void memoryThatIsNotBackedCannotBeCopied() {
    DomainBench domain = bench.domain();
    long beyond = domain.memory() + DomainBench.MEMORY_BYTES;
    assertThat(domain.tryWrite(beyond, new byte[16])).isNotEqualTo(CUresult.CUDA_SUCCESS_VALUE);
    assertThat(domain.tryWrite(beyond - 8, new byte[16])).isNotEqualTo(CUresult.CUDA_SUCCESS_VALUE);
  }

  @Test
  void theDeviceHasNoMoreThanItsTotal() {
    DomainBench first = bench.domain();
    Domain second = bench.open(Long.highestOneBit(bench.memoryBytes()) * 2);
    long granule = second.granuleBytes();
    long left = bench.memoryBytes() - DomainBench.MEMORY_BYTES;
    long most = left / granule * granule;
    second.commit(second.slabAddress(), most);
    assertThatThrownBy(() -> second.commit(second.slabAddress() + most, granule))
        .isInstanceOfSatisfying(
            DriverException.class,
            e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE));
    first.domain.close();
    second.commit(second.slabAddress() + most, granule);
  }

  @Test
  void workOnAStreamRunsInOrder() {
    DomainBench domain = bench.domain();
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    var last = new Outcome();
    for (int i = 0; i < 2000; i++) {
      int number = i;
      WorkObserver then = i == 1999 ? last : WorkObserver.NONE;
      WorkObserver observer =
          (result, nanos) -> {
            order.add(number);
            then.onDone(result, nanos);
          };
      if (i % 3 == 0) {
        domain.domain.cuMemsetD8Async(domain.memory(), i & 0xff, 200_000, domain.stream, observer);
      } else if (i % 3 == 1) {
        domain.domain.copyToDevice(
            domain.stream, domain.memory(), ByteBuffer.wrap(new byte[] {(byte) i}), observer);
      } else {
        domain.domain.recordEvent(domain.event(), domain.stream, observer);
      }
    }
    assertThat(last.await()).isZero();
    assertThat(order).hasSize(2000).isSorted();
    byte[] bytes = domain.read(domain.memory(), 2);
    assertThat(bytes).containsExactly((byte) 1999, (byte) 1998);
  }

  @Test
  void fillsWriteTheirPatternAndNothingElse() {
    DomainBench domain = bench.domain();
    long memory = domain.memory();
    domain.awaiting(done -> domain.domain.cuMemsetD8Async(memory, 0xab, 64, domain.stream, done));
    domain.awaiting(
        done -> domain.domain.cuMemsetD16Async(memory + 2, 0x1234, 2, domain.stream, done));
    domain.awaiting(
        done -> domain.domain.cuMemsetD32Async(memory + 8, 0xdeadbeef, 1, domain.stream, done));
    domain.awaiting(
        done -> domain.domain.cuMemsetD2D8Async(memory + 16, 16, 0x55, 3, 2, domain.stream, done));
    domain.awaiting(
        done ->
            domain.domain.cuMemsetD2D16Async(memory + 40, 8, 0x0102, 1, 2, domain.stream, done));
    domain.awaiting(
        done ->
            domain.domain.cuMemsetD2D32Async(
                memory + 52, 8, 0x0a0b0c0d, 1, 1, domain.stream, done));
    assertThat(DriverBench.hex(domain.read(memory, 64)))
        .isEqualTo(
            "abab34123412ababefbeaddeabababab"
                + "555555ababababababababababababab"
                + "555555abababab"
                + "ab"
                + "0201abababababab"
                + "0201abab0d0c0b0aabababababababab");
  }

  @Test
  void rowsAreCopiedWithinTheDevice() {
    DomainBench domain = bench.domain();
    long memory = domain.memory();
    domain.write(memory, DriverBench.pattern(64));
    domain.awaiting(
        done ->
            domain.domain.copyRowsOnDevice(memory + 128, 4, memory, 16, 3, 4, domain.stream, done));
    byte[] from = DriverBench.pattern(64);
    byte[] copied = domain.read(memory + 128, 16);
    for (int row = 0; row < 4; row++) {
      for (int column = 0; column < 3; column++) {
        assertThat(copied[row * 4 + column]).isEqualTo(from[row * 16 + column]);
      }
      assertThat(copied[row * 4 + 3]).isZero();
    }
  }

  @Test
  void overlappingCopiesBehaveAsThroughABuffer() {
    DomainBench domain = bench.domain();
    byte[] bytes = DriverBench.pattern(100_000);
    domain.write(domain.memory(), bytes);
    domain.awaiting(
        done ->
            domain.domain.copyOnDevice(
                domain.stream, domain.memory() + 10, domain.memory(), bytes.length, done));
    assertThat(domain.read(domain.memory() + 10, bytes.length)).isEqualTo(bytes);
  }

  @Test
  void oneDomainMayCopyFromAnother() {
    DomainBench from = bench.domain();
    DomainBench to = bench.domain();
    byte[] bytes = DriverBench.pattern(100_000);
    from.write(from.memory(), bytes);
    to.awaiting(
        done -> to.domain.copyOnDevice(to.stream, to.memory(), from.memory(), bytes.length, done));
    assertThat(to.read(to.memory(), bytes.length)).isEqualTo(bytes);
  }

  @Test
  void oneDomainMayCopyToAnotherAlsoRows() {
    DomainBench from = bench.domain();
    DomainBench to = bench.domain();
    byte[] bytes = DriverBench.pattern(64);
    from.write(from.memory(), bytes);
    from.awaiting(
        done ->
            from.domain.copyOnDevice(from.stream, to.memory(), from.memory(), bytes.length, done));
    from.awaiting(
        done ->
            from.domain.copyRowsOnDevice(
                to.memory() + 128, 3, from.memory(), 16, 3, 4, from.stream, done));
    assertThat(to.read(to.memory(), bytes.length)).isEqualTo(bytes);
    byte[] rows = to.read(to.memory() + 128, 12);
    for (int i = 0; i < rows.length; i++) {
      assertThat(rows[i]).isEqualTo(bytes[i / 3 * 16 + i % 3]);
    }
  }

  @Test
  void aPausedStreamStandsStillAndTheOthersGoOn() {
    DomainBench domain = bench.domain();
    long other = domain.domain.createStream(1, 0);
    List<Runnable> resume = Collections.synchronizedList(new ArrayList<>());
    var paused = new Outcome();
    var behind = new Outcome();
    domain.domain.pause(domain.stream, (result, go) -> resume.add(go), paused);
    domain.domain.cuMemsetD8Async(domain.memory(), 1, 16, domain.stream, behind);
    domain.awaitingOn(
        other, done -> domain.domain.cuMemsetD8Async(domain.memory() + 16, 2, 16, other, done));

    DriverBench.until(() -> !resume.isEmpty());
    assertThat(paused.isDone()).isFalse();
    assertThat(behind.isDone()).isFalse();
    assertThat(domain.domain.queryStream(domain.stream))
        .isEqualTo(CUresult.CUDA_ERROR_NOT_READY_VALUE);
    assertThat(domain.domain.queryStream(other)).isZero();
    resume.get(0).run();
    assertThat(behind.await()).isZero();
    assertThat(paused.await()).isZero();
    assertThat(domain.domain.queryStream(domain.stream)).isZero();
  }

  @Test
  void aStreamWaitsForAnEventOfAnother() {
    DomainBench domain = bench.domain();
    long second = domain.domain.createStream(1, 0);
    long event = domain.event();
    List<Runnable> resume = Collections.synchronizedList(new ArrayList<>());
    domain.domain.pause(domain.stream, (result, go) -> resume.add(go), WorkObserver.NONE);
    domain.domain.cuMemsetD8Async(domain.memory(), 7, 100, domain.stream, WorkObserver.NONE);
    domain.domain.recordEvent(event, domain.stream, WorkObserver.NONE);
    domain.domain.waitEvent(second, event, WorkObserver.NONE);
    var copied = new Outcome();
    domain.domain.copyOnDevice(second, domain.memory() + 100, domain.memory(), 100, copied);

    DriverBench.until(() -> !resume.isEmpty());
    assertThat(domain.domain.queryEvent(event)).isEqualTo(CUresult.CUDA_ERROR_NOT_READY_VALUE);
    assertThat(copied.isDone()).isFalse();
    resume.get(0).run();
    assertThat(copied.await()).isZero();
    assertThat(domain.domain.queryEvent(event)).isZero();
    assertThat(domain.read(domain.memory() + 100, 100)).containsOnly(7);
  }

  @Test
  void aWaitIsForTheLatestRecordBeforeIt() {
    DomainBench domain = bench.domain();
    long second = domain.domain.createStream(1, 0);
    long event = domain.event();
    List<Runnable> resume = Collections.synchronizedList(new ArrayList<>());
    domain.awaiting(done -> domain.domain.recordEvent(event, domain.stream, done));
    var waited = new Outcome();
    domain.domain.waitEvent(second, event, waited);
    domain.domain.pause(domain.stream, (result, go) -> resume.add(go), WorkObserver.NONE);
    domain.domain.recordEvent(event, domain.stream, WorkObserver.NONE);
    assertThat(waited.await()).isZero();
    DriverBench.until(() -> !resume.isEmpty());
    resume.get(0).run();
  }

  @Test
  void eventsMeasureTheTimeBetweenThem() {
    DomainBench domain = bench.domain();
    long start = domain.event();
    long end = domain.event();
    float[] milliseconds = new float[1];
    assertThat(domain.domain.cuEventElapsedTime(milliseconds, start, end))
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    long before = System.nanoTime();
    domain.awaiting(done -> domain.domain.recordEvent(start, domain.stream, done));
    domain.awaiting(
        done ->
            domain.domain.cuMemsetD8Async(
                domain.memory(), 1, DomainBench.MEMORY_BYTES, domain.stream, done));
    domain.awaiting(done -> domain.domain.recordEvent(end, domain.stream, done));
    double passed = (System.nanoTime() - before) / 1e6;
    assertThat(domain.domain.cuEventElapsedTime(milliseconds, start, end)).isZero();
    assertThat((double) milliseconds[0]).isPositive().isLessThanOrEqualTo(passed);
  }

  @Test
  void eventsWithoutTimingHaveNone() {
    DomainBench domain = bench.domain();
    long timed = domain.event();
    long untimed = domain.domain.createEvent(2);
    domain.awaiting(done -> domain.domain.recordEvent(timed, domain.stream, done));
    domain.awaiting(done -> domain.domain.recordEvent(untimed, domain.stream, done));
    assertThat(domain.domain.cuEventElapsedTime(new float[1], timed, untimed))
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
  }

  @Test
  void aReaderSeesMemoryAsItWasWhenTheStreamGotThere() {
    DomainBench domain = bench.domain();
    byte[] bytes = DriverBench.pattern(1 << 20);
    domain.write(domain.memory(), bytes);
    List<Domain.DeviceBytes> readers = Collections.synchronizedList(new ArrayList<>());
    domain.domain.copyToHost(
        domain.stream, domain.memory(), bytes.length, readers::add, WorkObserver.NONE);
    var overwritten = new Outcome();
    domain.domain.cuMemsetD8Async(domain.memory(), 0, bytes.length, domain.stream, overwritten);
    DriverBench.until(() -> !readers.isEmpty());

    byte[] read = new byte[bytes.length];
    for (int at = 0; at < bytes.length; at += 1 << 18) {
      var done = new Outcome();
      readers.get(0).read(at, ByteBuffer.wrap(read, at, 1 << 18), done);
      assertThat(done.await()).isZero();
    }
    assertThat(overwritten.isDone()).isFalse();
    readers.get(0).finish();
    assertThat(overwritten.await()).isZero();
    assertThat(read).isEqualTo(bytes);
  }

  @Test
  void aReaderGetsNothingBeyondItsRange() {
    DomainBench domain = bench.domain();
    var outside = new Outcome();
    domain.awaiting(
        done ->
            domain.domain.copyToHost(
                domain.stream,
                domain.memory(),
                16,
                bytes -> {
                  bytes.read(8, ByteBuffer.allocate(16), outside);
                  bytes.finish();
                },
                done));
    assertThat(outside.await()).isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
  }

  @Test
  void aDestroyedStreamFinishesItsWork() {
    DomainBench domain = bench.domain();
    long doomed = domain.domain.createStream(1, 0);
    var last = new Outcome();
    for (int i = 0; i < 100; i++) {
      domain.domain.cuMemsetD8Async(domain.memory(), 5, 1 << 20, doomed, WorkObserver.NONE);
    }
    domain.domain.cuMemsetD8Async(domain.memory(), 6, 1 << 20, doomed, last);
    domain.domain.destroyStream(doomed);
    assertThat(last.await()).isZero();
    assertThatThrownBy(() -> domain.domain.queryStream(doomed)).isInstanceOf(DriverException.class);
  }

  @Test
  void unknownHandlesAreRefused() {
    DomainBench domain = bench.domain();
    long event = domain.event();
    domain.domain.destroyEvent(event);
    for (long handle : new long[] {0, event, 77, -1, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> domain.domain.queryEvent(handle))
          .isInstanceOfSatisfying(
              DriverException.class,
              e -> assertThat(e.result()).isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE));
    }
  }

  @Test
  void closingEndsEverythingThatWaits() throws InterruptedException {
    DomainBench domain = bench.domain();
    long second = domain.domain.createStream(1, 0);
    long third = domain.domain.createStream(1, 0);
    long event = domain.event();
    int works = 100;
    var ended = new CountDownLatch(3 * works);
    var failed = new AtomicInteger();
    WorkObserver observer =
        (result, nanos) -> {
          if (result != CUresult.CUDA_SUCCESS_VALUE) {
            failed.incrementAndGet();
          }
          ended.countDown();
        };
    // Never resumed, never finished, never recorded.
    domain.domain.pause(domain.stream, (result, go) -> {}, WorkObserver.NONE);
    domain.domain.recordEvent(event, domain.stream, WorkObserver.NONE);
    domain.domain.waitEvent(second, event, WorkObserver.NONE);
    domain.domain.copyToHost(third, domain.memory(), 16, bytes -> {}, WorkObserver.NONE);
    for (int i = 0; i < works; i++) {
      domain.domain.cuMemsetD8Async(domain.memory(), 1, 1 << 20, domain.stream, observer);
      domain.domain.pause(second, (result, go) -> {}, observer);
      domain.domain.cuMemsetD8Async(domain.memory(), 1, 16, third, observer);
    }
    domain.domain.close();
    assertThat(ended.await(10, TimeUnit.SECONDS)).as("all work has ended").isTrue();
    assertThat(failed).hasValue(3 * works);
    assertThat(domain.tryWrite(domain.memory(), new byte[16]))
        .isEqualTo(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE);
  }

  @Test
  void imagesThatAreNoneAreRefused() {
    DomainBench domain = bench.domain();
    for (byte[] image : List.of(new byte[0], new byte[4], new byte[] {0x50, (byte) 0xed, 0x55})) {
      assertThatThrownBy(() -> domain.load(ByteBuffer.wrap(image)))
          .isInstanceOf(DriverException.class);
    }
  }
}
