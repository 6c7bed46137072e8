// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.Handles;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import jcuda.driver.JCudaDriver;
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

  private final CudaDriver driver;
  private final DomainCore core;
  private final CudaModules modules;
  private final Handles<CudaStream> streams = new Handles<>("stream", OBJECTS_MAX);
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
    return core.calling(() -> modules.load(image));
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
    CudaStream stream =
        core.calling(() -> new CudaStream(this, core.context(), device.poller(), within));
    core.streams().add(stream);
    return streams.add(stream);
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
    return events.add(core.calling(() -> new CudaEvent(core.context(), flags)));
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
    if (!owns(destination, bytes)) {
      work = Native.REFUSED;
    } else if (owns(source, bytes)) {
      work = at -> CudaCalls.cuMemcpyDtoDAsync_v2(destination, source, bytes, at);
    } else if (driver.hasMemory(source, bytes)) {
      // The addresses tell the driver which devices they are of.
      work = at -> CudaCalls.cuMemcpyAsync(destination, source, bytes, at);
    } else {
      work = Native.REFUSED;
    }
    put(stream, work, observer);
  }

  @Override
  public void remoraCopyRowsOnDevice(
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
    put(stream, rectangle::copy, observer);
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
    return core.calling(
        () -> JCudaDriver.cuEventElapsedTime(milliseconds, first.event(), last.event()));
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
    core.close(() -> core.context().domains().remove(this));
  }
}
