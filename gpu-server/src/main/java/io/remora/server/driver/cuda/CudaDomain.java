// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DomainImage.EventImage;
import io.remora.server.driver.DomainImage.HandleStates;
import io.remora.server.driver.DomainImage.StreamImage;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.Handles;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One session's part of a GPU: the driver's calls, put on streams of the shared context. See {@link
 * DomainCore} for memory, faults and the end, {@link CudaStream} for how work gets to the device.
 */
final class CudaDomain extends PlainCalls implements Domain {
  private static final Logger log = LoggerFactory.getLogger(CudaDomain.class);

  /** Most streams, events, functions and modules, each; sessions have lower limits of their own. */
  static final int OBJECTS_MAX = 1 << 20;

  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;
  private static final int EVENT_INTERPROCESS = 4;
  private static final double NANOS_PER_MILLI = 1e6;

  private final CudaDriver driver;
  private final DomainCore core;
  private final CudaModules modules;
  private final Handles<CudaStream> streams = new Handles<>("stream", OBJECTS_MAX);

  /** Null while kernels reach whatever the context's do. */
  private volatile @Nullable KernelFence kernelFence;

  private final Handles<CudaEvent> events = new Handles<>("event", OBJECTS_MAX);

  CudaDomain(CudaDriver driver, DomainCore core, CudaModules modules) {
    this.driver = driver;
    this.core = core;
    this.modules = modules;
  }

  Zeroing zeroing() {
    return core.zeroing();
  }

  @Override
  public long slabAddress() {
    return core.slab().address();
  }

  @Override
  public long slabBytes() {
    return core.slab().bytes();
  }

  @Override
  public long granuleBytes() {
    return core.slab().granuleBytes();
  }

  @Override
  public void commit(long address, long bytes) {
    core.calling(
        () -> {
          core.slab().commit(address, bytes);
          try {
            core.zeroing().zero(address, bytes);
          } catch (DriverException refused) {
            core.slab().decommit(address, bytes);
            throw refused;
          }
          return OK;
        });
  }

  @Override
  public void decommit(long address, long bytes) {
    core.givingBack(
        () -> {
          core.zeroing().await();
          core.slab().decommit(address, bytes);
        });
  }

  @Override
  public ModuleDescription loadModule(ByteBuffer image, GlobalPlacer placer) {
    KernelFence fence = kernelFence;
    if (fence == null) {
      return core.calling(() -> modules.load(image));
    }
    FencedModule fenced = new FencedModule(image, fence, placer);
    return core.calling(() -> modules.load(image, fenced, new Contents()));
  }

  @Override
  public boolean fenceKernels() {
    int capability = core.device().computeCapability();
    kernelFence = new KernelFence(slabAddress(), slabBytes(), capability);
    return true;
  }

  /** Memory of variables, read and written by the domain's own stream. */
  private final class Contents implements FencedModule.DeviceBytes {
    @Override
    public void read(long address, ByteBuffer into) {
      Cuda.require(core.staging().read(address, into, core.zeroing()), "reading a variable");
    }

    @Override
    public void write(long address, ByteBuffer from) {
      Cuda.require(core.staging().write(address, from, core.zeroing()), "writing a variable");
    }
  }

  @Override
  public Optional<GlobalDescription> findGlobal(long module, String name) {
    return core.calling(() -> modules.findGlobal(module, name));
  }

  @Override
  public void linkModule(ByteBuffer image) {
    core.calling(
        () -> {
          CudaModules.link(image);
          return OK;
        });
  }

  @Override
  public void unloadModule(long module) {
    long handle = modules.remove(module);
    core.givingBack(
        () -> {
          int unused = CudaCalls.cuModuleUnload(handle);
        });
  }

  @Override
  public long createStream(int flags, int priority) {
    CudaDevice device = core.device();
    int least = device.description().streamPriorityLeast();
    int greatest = device.description().streamPriorityGreatest();
    int within = Math.max(greatest, Math.min(least, priority));
    return streams.add(core.calling(() -> newStream(within)));
  }

  private CudaStream newStream(int priority) {
    CudaStream stream = new CudaStream(this, core.context(), core.device().poller(), priority);
    core.streams().add(stream);
    return stream;
  }

  @Override
  public void destroyStream(long stream) {
    streams.remove(stream).destroy();
  }

  /** The driver doesn't have the stream any more. */
  void streamGone(CudaStream stream) {
    core.streams().remove(stream);
  }

  @Override
  public long createEvent(int flags) {
    if ((flags & EVENT_INTERPROCESS) != 0) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "events can't be shared between processes");
    }
    return events.add(
        core.calling(() -> new CudaEvent(core.context(), flags, core.device()::nanos)));
  }

  @Override
  public void destroyEvent(long event) {
    events.remove(event).destroy();
  }

  @Override
  public void launch(long stream, Launch launch, WorkObserver observer) {
    streams.get(stream).launch(modules.function(launch.function()), launch, observer);
  }

  @Override
  public void copyToDevice(
      long stream, long destination, ByteBuffer source, WorkObserver observer) {
    streams
        .get(stream)
        .submit(
            owns(destination, source.remaining())
                ? new Upload(core.staging(), destination, source, observer)
                : Native.refused(observer));
  }

  @Override
  public void copyToHost(
      long stream, long source, long bytes, HostReader reader, WorkObserver observer) {
    streams
        .get(stream)
        .submit(
            owns(source, bytes)
                ? new Download(this, core.staging(), source, bytes, reader, observer)
                : Native.refused(observer));
  }

  @Override
  public void copyOnDevice(
      long stream, long destination, long source, long bytes, WorkObserver observer) {
    StreamWork work;
    if (owns(destination, bytes) && owns(source, bytes)) {
      work = at -> CudaCalls.cuMemcpyDtoDAsync_v2(destination, source, bytes, at);
    } else if (driver.hasMemory(destination, bytes) && driver.hasMemory(source, bytes)) {
      // The addresses tell the driver which devices they are of.
      work = at -> CudaCalls.cuMemcpyAsync(destination, source, bytes, at);
    } else {
      work = Native.REFUSED;
    }
    put(stream, work, observer);
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
    Rectangle rectangle =
        new Rectangle(destination, destinationPitch, source, sourcePitch, width, height);
    StreamWork work;
    if (owns(destination, 1) && owns(source, 1)) {
      work = rectangle::copy;
    } else if (driver.hasMemory(destination, 1) && driver.hasMemory(source, 1)) {
      work = rectangle::copyBetween;
    } else {
      work = Native.REFUSED;
    }
    put(stream, work, observer);
  }

  /** Whether memory of this domain is there. */
  boolean owns(long address, long bytes) {
    return core.slab().isCommitted(address, bytes) || modules.isInVariable(address, bytes);
  }

  @Override
  void put(long stream, StreamWork work, WorkObserver observer) {
    streams.get(stream).submit(new Native(work, observer));
  }

  @Override
  int now(Immediate call) {
    return core.calling(call::call);
  }

  @Override
  long function(long handle) {
    return modules.function(handle).address();
  }

  @Override
  public void recordEvent(long event, long stream, WorkObserver observer) {
    CudaStream on = streams.get(stream);
    on.submit(events.get(event).newRecord(observer));
  }

  @Override
  public void waitEvent(long stream, long event, WorkObserver observer) {
    CudaStream on = streams.get(stream);
    on.submit(events.get(event).newWait(observer));
  }

  @Override
  public void pause(long stream, StreamPause pause, WorkObserver observer) {
    streams
        .get(stream)
        .submit(
            new StreamStop(observer) {
              @Override
              void reached(CudaStream at) {
                pause.reached(core.fault(), () -> resume(core.fault()));
              }
            });
  }

  @Override
  public int queryStream(long stream) {
    return query(streams.get(stream).isIdle());
  }

  @Override
  public int queryEvent(long event) {
    CudaEvent.Record record = events.get(event).latest();
    return query(record == null || record.isDone());
  }

  private int query(boolean over) {
    int fault = core.fault();
    if (fault != OK) {
      return fault;
    }
    return over ? OK : CUresult.CUDA_ERROR_NOT_READY_VALUE;
  }

  @Override
  public int cuEventElapsedTime(float[] milliseconds, long start, long end) {
    CudaEvent first = events.get(start);
    CudaEvent last = events.get(end);
    CudaEvent.Record from = first.latest();
    CudaEvent.Record to = last.latest();
    if (from == null || to == null || !first.isTimed() || !last.isTimed()) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE;
    }
    if (!from.isDone() || !to.isDone()) {
      return query(false);
    }
    if (from.isRestored() || to.isRestored()) {
      // Not by the GPU's clock, which has ended with the context, but as it was seen from here.
      milliseconds[0] = (float) ((to.endNanos() - from.endNanos()) / NANOS_PER_MILLI);
      return query(true);
    }
    return core.calling(
        () -> JCudaDriver.cuEventElapsedTime(milliseconds, first.event(), last.event()));
  }

  @Override
  public int cuFuncSetAttribute(long function, int attribute, int value) {
    int result = super.cuFuncSetAttribute(function, attribute, value);
    if (result == OK) {
      modules.function(function).settings().put(attribute, value);
    }
    return result;
  }

  @Override
  public void save(long address, ByteBuffer into) {
    requireMapped();
    core.calling(() -> core.staging().read(address, into, core.zeroing()));
  }

  @Override
  public void restore(long address, ByteBuffer from) {
    requireMapped();
    core.calling(() -> core.staging().write(address, from, core.zeroing()));
  }

  private void requireMapped() {
    if (!(core.slab() instanceof MappedSlab)) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "without virtual memory management a session's memory can't be taken away from it");
    }
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
        List.of(),
        -1,
        null,
        CUresult.CUDA_SUCCESS_VALUE,
        new HandleStates(
            streams.state(),
            events.state(),
            modules.moduleHandles(),
            modules.functionHandles(),
            Handles.State.FRESH));
  }

  @Override
  public void adopt(DomainImage image) {
    if (image.usedHeap() != null || image.fault() != CUresult.CUDA_SUCCESS_VALUE) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "what kernels have from malloc, and faults, stay with a GPU's context");
    }
    core.calling(
        () -> {
          modules.adopt(image, kernelFence);
          Map<Long, CudaStream> streamsBefore = new HashMap<>();
          for (StreamImage stream : image.streams()) {
            streamsBefore.put(stream.handle(), newStream(stream.priority()));
          }
          streams.restore(image.handles().streams(), streamsBefore);
          Map<Long, CudaEvent> eventsBefore = new HashMap<>();
          for (EventImage event : image.events()) {
            eventsBefore.put(
                event.handle(), CudaEvent.of(core.context(), event, core.device()::nanos));
          }
          events.restore(image.handles().events(), eventsBefore);
          return OK;
        });
  }

  /** Gives back the memory of the slab; the context has ended. */
  void dropMemory() {
    if (core.slab() instanceof MappedSlab mapped) {
      mapped.unmapAll();
    }
  }

  /** Gives the address space of the slab away; the context has ended. */
  @Nullable MappedSlab giveUpSlab() {
    return core.giveUpSlab();
  }

  /** Tells an observer, of which no failure may harm others. */
  void tell(WorkObserver observer, int result, long deviceNanos) {
    try {
      observer.onDone(result, deviceNanos);
    } catch (RuntimeException defect) {
      log.error("an observer of work on a stream threw", defect);
    }
  }

  @Override
  public int fault() {
    return core.fault();
  }

  void fail(int result, String detail) {
    core.fail(result, detail);
  }

  void lose(String detail) {
    core.lose(detail);
  }

  /** Waits until no call of the driver is made for a stream of the domain, which has failed. */
  void letGo() {
    core.streams().forEach(CudaStream::letGo);
  }

  boolean hasKernels() {
    return core.streams().stream().anyMatch(CudaStream::hasKernels);
  }

  /** The kernels that may run now, as people call them. */
  String runningKernels() {
    Set<String> names = new LinkedHashSet<>();
    List<CudaStream> all = new ArrayList<>(core.streams());
    all.forEach(stream -> names.add(stream.runningKernel()));
    names.remove("");
    return String.join(" or ", names);
  }

  @Override
  public void close() {
    core.close(
        () -> {
          core.context().domains().remove(this);
          core.device().forget(this);
        });
  }
}
