// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DriverException;
import io.remora.server.driver.FaultListener;
import io.remora.v1.CUresult;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What everything in a domain needs: its context and memory, its fault, and its end. */
final class DomainCore {
  private static final Logger log = LoggerFactory.getLogger(DomainCore.class);
  private static final long CLOSE_NANOS = TimeUnit.MILLISECONDS.toNanos(900);
  private static final long PAUSE_NANOS = 100_000;

  private final CudaDevice device;
  private final CudaContext context;
  private final Slab slab;
  private final StagingPool staging;
  private final Zeroing zeroing;
  private final CudaModules modules;
  private final FaultListener faults;
  private final AtomicInteger fault = new AtomicInteger();
  private final Set<CudaStream> streams = ConcurrentHashMap.newKeySet();
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicBoolean slabGivenUp = new AtomicBoolean();

  DomainCore(
      CudaDevice device,
      CudaContext context,
      Slab slab,
      StagingPool staging,
      CudaModules modules,
      FaultListener faults) {
    this.device = device;
    this.context = context;
    this.slab = slab;
    this.staging = staging;
    this.zeroing = new Zeroing();
    this.modules = modules;
    this.faults = faults;
  }

  CudaDevice device() {
    return device;
  }

  CudaContext context() {
    return context;
  }

  Slab slab() {
    return slab;
  }

  StagingPool staging() {
    return staging;
  }

  Zeroing zeroing() {
    return zeroing;
  }

  /** Streams that the driver has. */
  Set<CudaStream> streams() {
    return streams;
  }

  int fault() {
    return fault.get();
  }

  /** Runs calls of the driver, which an end of the domain waits for. */
  <T> T calling(CudaContext.Calls<T> calls) {
    gate.readLock().lock();
    try {
      if (closed.get()) {
        throw new DriverException(
            CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE, "the session has ended");
      }
      return context.calling(calls);
    } finally {
      gate.readLock().unlock();
    }
  }

  /** Runs calls that give something back; where the context has ended, it is gone already. */
  void givingBack(Runnable calls) {
    gate.readLock().lock();
    try {
      if (!closed.get()) {
        context.ifAlive(calls);
      }
    } finally {
      gate.readLock().unlock();
    }
  }

  /** Ends the domain's work for good, unless it has a fault already. */
  void fail(int result, String detail) {
    if (fault.compareAndSet(CUresult.CUDA_SUCCESS_VALUE, result)) {
      faults.onFault(result, detail);
      streams.forEach(stream -> stream.end(result));
    }
  }

  /** Ends the domain's work because its context has ended by another's fault. */
  void lose(String detail) {
    int destroyed = CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE;
    if (fault.compareAndSet(CUresult.CUDA_SUCCESS_VALUE, destroyed)) {
      faults.onLost(detail);
      streams.forEach(stream -> stream.end(destroyed));
    }
  }

  /**
   * Gives the slab's address space away, once, when the context has ended: its memory is nobody's.
   *
   * @return null if it can't be given away
   */
  @Nullable MappedSlab giveUpSlab() {
    if (slab instanceof MappedSlab mapped && slabGivenUp.compareAndSet(false, true)) {
      return mapped;
    }
    return null;
  }

  /**
   * Ends everything that waits, and frees all when the device has finished with it.
   *
   * @param freed told when all is free, perhaps later
   */
  void close(Runnable freed) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    fault.compareAndSet(
        CUresult.CUDA_SUCCESS_VALUE, CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE);
    // Calls that were in the driver have left it, and no other begins.
    gate.writeLock().lock();
    gate.writeLock().unlock();
    streams.forEach(stream -> stream.end(fault.get()));
    context.ifAlive(() -> streams.forEach(CudaStream::markEnd));
    if (isQuietWithin(CLOSE_NANOS)) {
      free(freed);
      return;
    }
    log.error("a kernel doesn't end; the memory of its session stays in use until it does");
    Thread waiter = new Thread(() -> freeWhenQuiet(freed), "cuda-session-closing");
    waiter.setDaemon(true);
    waiter.start();
  }

  /** Waits as long as it takes, or until the process's end is near. */
  private void freeWhenQuiet(Runnable freed) {
    while (!isQuietWithin(CLOSE_NANOS)) {
      if (device.isClosed()) {
        return;
      }
    }
    free(freed);
  }

  /** Whether the device has finished with all streams, or with everything. */
  private boolean isQuietWithin(long nanos) {
    long begin = device.nanos();
    while (device.nanos() - begin < nanos) {
      boolean[] quiet = {true};
      context.ifAlive(
          () -> {
            for (CudaStream stream : streams) {
              quiet[0] &= stream.isQuiet();
            }
          });
      if (quiet[0]) {
        return true;
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return false;
  }

  private void free(Runnable freed) {
    boolean[] done = {false};
    context.ifAlive(
        () -> {
          zeroing.await();
          streams.forEach(CudaStream::release);
          modules.unloadAll();
          zeroing.close();
          staging.close();
          slab.close();
          done[0] = true;
        });
    freed.run();
    if (!done[0] && slabGivenUp.compareAndSet(false, true)) {
      device.bury(slab, context);
    }
  }
}
