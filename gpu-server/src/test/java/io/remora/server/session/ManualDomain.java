// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.FaultListener;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;

/**
 * A domain that does nothing until {@link #step} or {@link #run}. Streams are queues of steps;
 * events, pauses and reads hold them as a device would. Every address that work touches must be
 * committed, so that memory that was given back too early is noticed.
 */
final class ManualDomain implements Domain {
  static final long GRANULE_BYTES = 1 << 16;

  /** What the kernels' heap has until a program says otherwise. */
  static final long HEAP_BYTES = 8L << 20;

  /** What was done, in order: {@code launch F on S}, {@code write A on S}, ... */
  final List<String> log = new ArrayList<>();

  /** Result of each launch. */
  ToIntFunction<Launch> kernel = launch -> CUresult.CUDA_SUCCESS_VALUE;

  long heapBytes = HEAP_BYTES;

  /** Whether its length can't be changed any more. */
  boolean heapIsUsed;

  boolean closed;
  int modulesLoaded;
  final Map<Long, Deque<Step>> streams = new TreeMap<>();
  private final Map<Long, int[]> events = new HashMap<>();
  private final Map<Long, byte[]> memory = new HashMap<>();
  private final long slabAddress;
  private final long slabBytes;
  private final FaultListener faults;

  /** Takes what kernels print; a test's {@link #kernel} may use it. */
  final PrintListener prints;

  private long handles = 100;
  private int fault;

  /** One thing on a stream: its action is repeated until it returns true. */
  private record Step(BooleanSupplier action, WorkObserver observer) {}

  ManualDomain(long slabAddress, long slabBytes, FaultListener faults, PrintListener prints) {
    this.slabAddress = slabAddress;
    this.slabBytes = slabBytes;
    this.faults = faults;
    this.prints = prints;
  }

  /** Does everything that can be done. */
  void run() {
    boolean moved = true;
    while (moved) {
      moved = false;
      for (long stream : List.copyOf(streams.keySet())) {
        moved |= step(stream);
      }
    }
  }

  /** Does the next step of a stream if it can be done. */
  boolean step(long stream) {
    Deque<Step> steps = streams.get(stream);
    if (steps == null || steps.isEmpty() || !steps.getFirst().action().getAsBoolean()) {
      return false;
    }
    steps.removeFirst().observer().onDone(fault, 1000);
    return true;
  }

  int pendingSteps() {
    return streams.values().stream().mapToInt(Deque::size).sum();
  }

  long committedBytes() {
    return memory.size() * GRANULE_BYTES;
  }

  /** Reads memory now. */
  byte[] peek(long address, int bytes) {
    byte[] copy = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      copy[i] = granule(address + i)[(int) ((address + i - slabAddress) % GRANULE_BYTES)];
    }
    return copy;
  }

  private byte[] granule(long address) {
    return Objects.requireNonNull(
        memory.get((address - slabAddress) / GRANULE_BYTES),
        () -> "memory at " + Long.toHexString(address) + " is not committed");
  }

  private void poke(long address, ByteBuffer source) {
    for (long at = address; source.hasRemaining(); at++) {
      granule(at)[(int) ((at - slabAddress) % GRANULE_BYTES)] = source.get();
    }
  }

  void fail(int result, String detail) {
    fault = result;
    faults.onFault(result, detail);
  }

  private void add(long stream, WorkObserver observer, BooleanSupplier action) {
    assertThat(closed).isFalse();
    Objects.requireNonNull(streams.get(stream), () -> "no stream " + stream)
        .add(new Step(action, observer));
  }

  @Override
  public long slabAddress() {
    return slabAddress;
  }

  @Override
  public long slabBytes() {
    return slabBytes;
  }

  @Override
  public long granuleBytes() {
    return GRANULE_BYTES;
  }

  @Override
  public void commit(long address, long bytes) {
    for (long at = 0; at < bytes; at += GRANULE_BYTES) {
      long index = (address - slabAddress + at) / GRANULE_BYTES;
      assertThat(memory.put(index, new byte[(int) GRANULE_BYTES])).isNull();
    }
  }

  @Override
  public void decommit(long address, long bytes) {
    for (long at = 0; at < bytes; at += GRANULE_BYTES) {
      assertThat(memory.remove((address - slabAddress + at) / GRANULE_BYTES)).isNotNull();
    }
  }

  /** An image is the text {@code kernel:NAME:PARAMETERBYTES global:NAME:BYTES ...}. */
  @Override
  public ModuleDescription loadModule(ByteBuffer image, GlobalPlacer placer) {
    byte[] bytes = new byte[image.remaining()];
    image.get(bytes);
    List<FunctionDescription> functions = new ArrayList<>();
    List<GlobalDescription> globals = new ArrayList<>();
    for (String part : new String(bytes, StandardCharsets.UTF_8).trim().split(" +")) {
      String[] words = part.split(":");
      switch (words[0]) {
        case "kernel" ->
            functions.add(
                new FunctionDescription(
                    ++handles,
                    words[1],
                    Map.of(0, 1024, 1, 0),
                    List.of(),
                    Integer.parseInt(words[2])));
        case "global" -> {
          long size = Long.parseLong(words[2]);
          globals.add(new GlobalDescription(words[1], placer.place(words[1], size, 1), size));
        }
        default -> throw new DriverException(CUresult.CUDA_ERROR_INVALID_PTX_VALUE, "line 1");
      }
    }
    modulesLoaded++;
    return new ModuleDescription(++handles, functions, globals);
  }

  @Override
  public void linkModule(ByteBuffer image) {
    if (!StandardCharsets.UTF_8.decode(image).toString().startsWith("kernel")) {
      throw new DriverException(CUresult.CUDA_ERROR_INVALID_PTX_VALUE, "line 1");
    }
  }

  @Override
  public void unloadModule(long module) {
    modulesLoaded--;
  }

  @Override
  public long createStream(int flags, int priority) {
    streams.put(++handles, new ArrayDeque<>());
    return handles;
  }

  @Override
  public boolean limitHeap(long bytes) {
    if (heapIsUsed) {
      throw new DriverException(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, "the heap is in use");
    }
    heapBytes = bytes;
    return true;
  }

  @Override
  public void destroyStream(long stream) {
    assertThat(streams.get(stream)).as("stream %d is destroyed once", stream).isNotNull();
    add(stream, (result, nanos) -> streams.remove(stream), () -> true);
  }

  @Override
  public long createEvent(int flags) {
    events.put(++handles, new int[2]);
    return handles;
  }

  @Override
  public void destroyEvent(long event) {
    assertThat(events.remove(event)).isNotNull();
  }

  @Override
  public void launch(long stream, Launch launch, WorkObserver observer) {
    add(
        stream,
        (result, nanos) -> observer.onDone(fault != 0 ? fault : kernel.applyAsInt(launch), nanos),
        () -> log.add("launch " + launch.gridX() + " on " + stream));
  }

  @Override
  public void copyToDevice(
      long stream, long destination, ByteBuffer source, WorkObserver observer) {
    add(
        stream,
        observer,
        () -> {
          poke(destination, source);
          return log.add("write on " + stream);
        });
  }

  @Override
  public void copyToHost(
      long stream, long source, long bytes, HostReader reader, WorkObserver observer) {
    boolean[] begun = new boolean[1];
    boolean[] finished = new boolean[1];
    DeviceBytes deviceBytes =
        new DeviceBytes() {
          @Override
          public void read(long offset, ByteBuffer into, WorkObserver done) {
            assertThat(finished[0]).isFalse();
            assertThat(offset + into.remaining()).isLessThanOrEqualTo(bytes);
            into.put(peek(source + offset, into.remaining()));
            done.onDone(0, 10);
          }

          @Override
          public void finish() {
            assertThat(finished[0]).isFalse();
            finished[0] = true;
          }
        };
    add(
        stream,
        observer,
        () -> {
          if (!begun[0] && fault == 0) {
            begun[0] = true;
            reader.begin(deviceBytes);
            log.add("read on " + stream);
          }
          return finished[0] || fault != 0;
        });
  }

  @Override
  public void copyOnDevice(
      long stream, long destination, long source, long bytes, WorkObserver observer) {
    add(
        stream,
        observer,
        () -> {
          poke(destination, ByteBuffer.wrap(peek(source, (int) bytes)));
          return log.add("copy on " + stream);
        });
  }

  @Override
  public void recordEvent(long event, long stream, WorkObserver observer) {
    int[] counts = Objects.requireNonNull(events.get(event), () -> "no event " + event);
    int number = ++counts[0];
    add(
        stream,
        observer,
        () -> {
          counts[1] = Math.max(counts[1], number);
          return true;
        });
  }

  @Override
  public void waitEvent(long stream, long event, WorkObserver observer) {
    int[] counts = Objects.requireNonNull(events.get(event), () -> "no event " + event);
    int number = counts[0];
    add(stream, observer, () -> counts[1] >= number);
  }

  @Override
  public void pause(long stream, StreamPause pause, WorkObserver observer) {
    boolean[] reached = new boolean[1];
    boolean[] resumed = new boolean[1];
    add(
        stream,
        observer,
        () -> {
          if (!reached[0]) {
            reached[0] = true;
            pause.reached(fault, () -> resumed[0] = true);
          }
          return resumed[0];
        });
  }

  @Override
  public int queryStream(long stream) {
    throw new AssertionError("the session knows by itself");
  }

  @Override
  public int queryEvent(long event) {
    throw new AssertionError("the session knows by itself");
  }

  @Override
  public int fault() {
    return fault;
  }

  @Override
  public int cuEventElapsedTime(float[] milliseconds, long start, long end) {
    milliseconds[0] = end - start;
    return CUresult.CUDA_SUCCESS_VALUE;
  }

  @Override
  public void cuMemsetD8Async(
      long address, int value, long count, long stream, WorkObserver observer) {
    byte[] filled = new byte[(int) count];
    java.util.Arrays.fill(filled, (byte) value);
    copyToDevice(stream, address, ByteBuffer.wrap(filled), observer);
  }

  /** Ends what is pending with CUDA_ERROR_CONTEXT_IS_DESTROYED, as a real domain must. */
  @Override
  public void close() {
    assertThat(closed).isFalse();
    closed = true;
    fault = CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE;
    for (Deque<Step> steps : List.copyOf(streams.values())) {
      while (!steps.isEmpty()) {
        steps.removeFirst().observer().onDone(fault, 0);
      }
    }
    memory.clear();
  }
}
