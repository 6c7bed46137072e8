// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.AddressSpace;
import io.remora.ptx.LaunchShape;
import io.remora.server.driver.DeviceImages;
import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DomainImage.EventImage;
import io.remora.server.driver.DomainImage.HandleStates;
import io.remora.server.driver.DomainImage.StreamImage;
import io.remora.server.driver.DomainImage.UsedHeap;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.Handles;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * One session's part of a software device: the driver's calls, put on streams. See {@link
 * DomainCore} for memory, faults and the end, {@link SoftwareStream} for how work runs.
 */
final class SoftwareDomain implements Domain {
  static final long SLAB_BYTES_MIN = 1 << 20;

  /** Most streams, events, functions and modules, each; sessions have lower limits of their own. */
  private static final int OBJECTS_MAX = 1 << 20;

  private static final int STREAM_FLAGS = 1;
  private static final int EVENT_FLAGS = 7;
  private static final int EVENT_DISABLE_TIMING = 2;
  private static final int EVENT_INTERPROCESS = 4;
  private static final double NANOS_PER_MILLI = 1e6;

  private final DomainCore core;
  private final LoadedModules modules;
  private final Transfers transfers;
  private final SoftwareImages images;
  private final StreamRunner runner;
  private final KernelWatch watch;
  private final Handles<SoftwareStream> streams = new Handles<>("stream", OBJECTS_MAX);
  private final Handles<SoftwareEvent> events = new Handles<>("event", OBJECTS_MAX);

  /** Whether a kernel was launched that may call {@code malloc}. */
  private volatile boolean heapIsUsed;

  SoftwareDomain(
      AddressWindows windows,
      ModuleCache cache,
      Executor streamThreads,
      KernelWatch watch,
      DomainCore core) {
    this.core = core;
    this.modules = new LoadedModules(core, cache, OBJECTS_MAX);
    this.images = new SoftwareImages(core.memory().images());
    this.transfers = new Transfers(core, windows);
    this.watch = watch;
    this.runner = new StreamRunner(streamThreads);
  }

  @Override
  public long slabAddress() {
    return core.memory().windowBase();
  }

  @Override
  public long slabBytes() {
    return core.slabBytes();
  }

  @Override
  public long granuleBytes() {
    return AddressSpace.PAGE_BYTES;
  }

  @Override
  public void commit(long address, long bytes) {
    core.commit(address, bytes);
  }

  @Override
  public void decommit(long address, long bytes) {
    core.decommit(address, bytes);
  }

  @Override
  public void save(long address, ByteBuffer into) {
    core.enterOrThrow();
    try {
      core.memory().read(address, into);
    } finally {
      core.leave();
    }
  }

  @Override
  public void restore(long address, ByteBuffer from) {
    core.enterOrThrow();
    try {
      core.memory().write(address, from);
    } finally {
      core.leave();
    }
  }

  @Override
  public ModuleDescription loadModule(ByteBuffer image, GlobalPlacer placer) {
    return modules.load(image, placer);
  }

  @Override
  public void linkModule(ByteBuffer image) {
    modules.link(image);
  }

  @Override
  public void unloadModule(long module) {
    modules.unload(module);
  }

  @Override
  public long createStream(int flags, int priority) {
    if ((flags & ~STREAM_FLAGS) != 0) {
      throw invalid("stream flags " + flags);
    }
    int least = core.device().description().streamPriorityLeast();
    int greatest = core.device().description().streamPriorityGreatest();
    var stream = new SoftwareStream(runner, Math.max(greatest, Math.min(least, priority)));
    core.streams().add(stream);
    return streams.add(stream);
  }

  @Override
  public void destroyStream(long stream) {
    SoftwareStream removed = streams.remove(stream);
    removed.submit(
        new StreamItem(WorkObserver.NONE) {
          @Override
          boolean isQuick() {
            return true;
          }

          @Override
          boolean run(SoftwareStream at) {
            core.streams().remove(at);
            at.finish(this, CUresult.CUDA_SUCCESS_VALUE, 0);
            return true;
          }
        });
  }

  @Override
  public long createEvent(int flags) {
    if ((flags & ~EVENT_FLAGS) != 0) {
      throw invalid("event flags " + flags);
    }
    if ((flags & EVENT_INTERPROCESS) != 0) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "events of a software device can't be shared between processes");
    }
    return events.add(new SoftwareEvent((flags & EVENT_DISABLE_TIMING) == 0));
  }

  @Override
  public void destroyEvent(long event) {
    events.remove(event);
  }

  @Override
  public DeviceImages images() {
    return images;
  }

  @Override
  public void launch(long stream, Launch launch, WorkObserver observer) {
    SoftwareFunction function = modules.function(launch.function());
    LaunchShape shape = function.shapeOf(launch);
    if (function.kernel().usesHeap()) {
      heapIsUsed = true;
    }
    submit(stream, new LaunchItem(core, function, shape, launch.parameters(), observer));
  }

  @Override
  public void copyToDevice(
      long stream, long destination, ByteBuffer source, WorkObserver observer) {
    submit(stream, transfers.toDevice(destination, source, observer));
  }

  @Override
  public void copyToHost(
      long stream, long source, long bytes, HostReader reader, WorkObserver observer) {
    submit(stream, new ReadStop(core, source, bytes, reader, observer));
  }

  @Override
  public void copyOnDevice(
      long stream, long destination, long source, long bytes, WorkObserver observer) {
    submit(stream, transfers.onDevice(destination, source, bytes, observer));
  }

  @Override
  public void recordEvent(long event, long stream, WorkObserver observer) {
    SoftwareStream on = streams.get(stream);
    on.submit(new RecordItem(core, events.get(event).newRecord(), observer));
  }

  @Override
  public void waitEvent(long stream, long event, WorkObserver observer) {
    SoftwareEvent.Record record = events.get(event).latest();
    pause(
        stream,
        (result, resume) -> {
          if (record == null) {
            resume.run();
          } else {
            record.whenDone(resume);
          }
        },
        observer);
  }

  @Override
  public void pause(long stream, StreamPause pause, WorkObserver observer) {
    submit(
        stream,
        new StreamStop(core, observer) {
          @Override
          void reached(SoftwareStream at) {
            pause.reached(core.fault(), () -> resume(core.fault()));
          }
        });
  }

  private void submit(long stream, StreamItem item) {
    streams.get(stream).submit(item);
  }

  @Override
  public int queryStream(long stream) {
    return query(streams.get(stream).isIdle());
  }

  @Override
  public int queryEvent(long event) {
    SoftwareEvent.Record record = events.get(event).latest();
    return query(record == null || record.isDone());
  }

  private int query(boolean over) {
    int fault = core.fault();
    if (fault != CUresult.CUDA_SUCCESS_VALUE) {
      return fault;
    }
    return over ? CUresult.CUDA_SUCCESS_VALUE : CUresult.CUDA_ERROR_NOT_READY_VALUE;
  }

  @Override
  public int cuEventElapsedTime(float[] milliseconds, long start, long end) {
    SoftwareEvent first = events.get(start);
    SoftwareEvent last = events.get(end);
    SoftwareEvent.Record from = first.latest();
    SoftwareEvent.Record to = last.latest();
    if (from == null || to == null || !first.isTimed() || !last.isTimed()) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE;
    }
    if (!from.isDone() || !to.isDone()) {
      return query(false);
    }
    milliseconds[0] = (float) ((to.nanos() - from.nanos()) / NANOS_PER_MILLI);
    return query(true);
  }

  @Override
  public int cuFuncSetAttribute(long function, int attribute, int value) {
    return modules.function(function).set(attribute, value);
  }

  /** A preference, of which the CPU's caches can't make anything. */
  @Override
  public int cuFuncSetCacheConfig(long function, int config) {
    modules.function(function);
    return CUresult.CUDA_SUCCESS_VALUE;
  }

  @Override
  public int cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
      int[] blocks, long function, int blockThreads, long dynamicSharedBytes, int flags) {
    blocks[0] =
        core.device()
            .limits()
            .residentBlocks(modules.function(function).kernel(), blockThreads, dynamicSharedBytes);
    return CUresult.CUDA_SUCCESS_VALUE;
  }

  @Override
  public int cuOccupancyAvailableDynamicSMemPerBlock(
      long[] dynamicSharedBytes, long function, int blocks, int blockThreads) {
    SoftwareFunction kernel = modules.function(function);
    DeviceLimits limits = core.device().limits();
    if (blocks < 1 || blocks > limits.residentBlocks(kernel.kernel(), blockThreads, 0)) {
      return CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
    }
    dynamicSharedBytes[0] = limits.dynamicSharedBytes(kernel.kernel(), blocks);
    return CUresult.CUDA_SUCCESS_VALUE;
  }

  @Override
  public void cuMemsetD8Async(
      long address, int value, long count, long stream, WorkObserver observer) {
    fill(stream, new Transfers.Fill(address, 0, value, 1, count, 1), observer);
  }

  @Override
  public void cuMemsetD16Async(
      long address, int value, long count, long stream, WorkObserver observer) {
    fill(stream, new Transfers.Fill(address, 0, value, 2, count, 1), observer);
  }

  @Override
  public void cuMemsetD32Async(
      long address, int value, long count, long stream, WorkObserver observer) {
    fill(stream, new Transfers.Fill(address, 0, value, 4, count, 1), observer);
  }

  @Override
  public void cuMemsetD2D8Async(
      long address,
      long pitch,
      int value,
      long width,
      long height,
      long stream,
      WorkObserver observer) {
    fill(stream, new Transfers.Fill(address, pitch, value, 1, width, height), observer);
  }

  @Override
  public void cuMemsetD2D16Async(
      long address,
      long pitch,
      int value,
      long width,
      long height,
      long stream,
      WorkObserver observer) {
    fill(stream, new Transfers.Fill(address, pitch, value, 2, width, height), observer);
  }

  @Override
  public void cuMemsetD2D32Async(
      long address,
      long pitch,
      int value,
      long width,
      long height,
      long stream,
      WorkObserver observer) {
    fill(stream, new Transfers.Fill(address, pitch, value, 4, width, height), observer);
  }

  private void fill(long stream, Transfers.Fill fill, WorkObserver observer) {
    if (fill.destination() % fill.patternBytes() != 0
        || fill.height() > 1 && fill.pitch() % fill.patternBytes() != 0) {
      throw invalid("address and pitch must be multiples of " + fill.patternBytes());
    }
    submit(stream, transfers.fill(fill, observer));
  }

  @Override
  public void copyRowsOnDevice(
      long destination,
      long destinationPitch,
      long source,
      long sourcePitch,
      long width,
      long height,
      long stream,
      WorkObserver observer) {
    var rows =
        new Transfers.Rows(destination, destinationPitch, source, sourcePitch, width, height);
    submit(stream, transfers.rows(rows, observer));
  }

  @Override
  public boolean limitHeap(long bytes) {
    if (heapIsUsed) {
      throw invalid("a kernel that uses malloc or free was launched already");
    }
    core.limitHeap(bytes);
    return true;
  }

  @Override
  public DomainImage image() {
    List<StreamImage> streamImages = new ArrayList<>();
    streams
        .byHandle()
        .forEach((handle, stream) -> streamImages.add(new StreamImage(handle, stream.priority())));
    List<EventImage> eventImages = new ArrayList<>();
    events.byHandle().forEach((handle, event) -> eventImages.add(event.image(handle)));
    return new DomainImage(
        slabAddress(),
        slabBytes(),
        streamImages,
        eventImages,
        modules.images(),
        images.objects(),
        core.memory().heapBytes(),
        heapIsUsed ? core.usedHeap() : null,
        core.fault(),
        new HandleStates(
            streams.state(),
            events.state(),
            modules.moduleHandles(),
            modules.functionHandles(),
            images.handles()));
  }

  @Override
  public void adopt(DomainImage image) {
    adoptHeap(image);
    modules.adopt(image);
    images.adopt(image);
    Map<Long, SoftwareStream> streamsBefore = new HashMap<>();
    for (StreamImage stream : image.streams()) {
      SoftwareStream made = new SoftwareStream(runner, stream.priority());
      core.streams().add(made);
      streamsBefore.put(stream.handle(), made);
    }
    streams.restore(image.handles().streams(), streamsBefore);
    Map<Long, SoftwareEvent> eventsBefore = new HashMap<>();
    for (EventImage event : image.events()) {
      eventsBefore.put(event.handle(), SoftwareEvent.of(event));
    }
    events.restore(image.handles().events(), eventsBefore);
    core.adoptFault(image.fault());
  }

  private void adoptHeap(DomainImage image) {
    UsedHeap heap = image.usedHeap();
    if (heap != null && heap.called()) {
      core.restoreHeap(image.heapBytes(), heap);
    } else if (image.heapBytes() >= 0) {
      core.limitHeap(image.heapBytes());
    }
    heapIsUsed = heap != null;
  }

  @Override
  public void takeOver() {
    core.takeOver();
  }

  @Override
  public int fault() {
    return core.fault();
  }

  /** Each access of each kernel is checked in any case. */
  @Override
  public boolean fenceKernels() {
    return true;
  }

  @Override
  public boolean limitKernelTime(LongSupplier nanosMax) {
    core.limitKernelTime(nanosMax);
    watch.add(core);
    return true;
  }

  @Override
  public void close() {
    watch.remove(core);
    core.close();
  }

  private static DriverException invalid(String detail) {
    return new DriverException(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, detail);
  }
}
