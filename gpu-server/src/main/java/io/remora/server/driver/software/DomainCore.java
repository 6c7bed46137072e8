// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.AddressSpace;
import io.remora.ptx.HeapState;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DomainImage.UsedHeap;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.FaultListener;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What everything in a domain needs: its memory, its fault, and its end. The slab is the lower half
 * of an address window; the engine keeps shared and local memory of running blocks in the upper
 * half. The first fault is kept and is the answer to all work from then on; the end of the domain
 * is a fault too.
 */
final class DomainCore {
  private static final Logger log = LoggerFactory.getLogger(DomainCore.class);

  /** Kernels look at their cancel flag every few microseconds; this is for a loaded machine. */
  private static final long CLOSE_MILLIS = 900;

  private static final long NANOS_PER_MILLI = 1_000_000;

  private final SoftwareDevice device;
  private final AddressWindows windows;
  private final FaultListener faults;
  private final PrintListener prints;
  private final long slabBytes;
  private final AddressSpace memory;
  private final MemoryGate gate = new MemoryGate();
  private final AtomicInteger fault = new AtomicInteger();
  private volatile LongSupplier kernelNanosMax = () -> 0;
  private final Set<SoftwareStream> streams = ConcurrentHashMap.newKeySet();

  /** Whether the addresses are this domain's: it gives them back when it ends. */
  private final AtomicBoolean owner = new AtomicBoolean();

  /** A domain at new addresses. */
  DomainCore(
      SoftwareDevice device,
      AddressWindows windows,
      long slabBytes,
      TakenAddresses taken,
      FaultListener faults,
      PrintListener prints) {
    this.device = device;
    this.windows = windows;
    this.faults = faults;
    this.prints = prints;
    this.slabBytes = slabBytes;
    long window = windows.take(2 * slabBytes, taken);
    try {
      this.memory = map(window);
    } catch (DriverException refused) {
      windows.giveBack(window, 2 * slabBytes);
      throw refused;
    }
    takeOver();
  }

  /** A domain at another one's addresses, which it doesn't have yet. */
  DomainCore(
      SoftwareDevice device,
      AddressWindows windows,
      DomainImage image,
      FaultListener faults,
      PrintListener prints) {
    this.device = device;
    this.windows = windows;
    this.faults = faults;
    this.prints = prints;
    this.slabBytes = image.slabBytes();
    this.memory = map(image.slabAddress());
  }

  /** The addresses are this domain's from now on. */
  void takeOver() {
    owner.set(true);
    DomainCore before = windows.own(memory.windowBase(), this);
    if (before != null) {
      before.owner.set(false);
    }
  }

  private AddressSpace map(long window) {
    try {
      return new AddressSpace(window, 2 * slabBytes, device.description().totalMemoryBytes());
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, String.valueOf(e.getMessage()));
    }
  }

  SoftwareDevice device() {
    return device;
  }

  AddressSpace memory() {
    return memory;
  }

  long slabBytes() {
    return slabBytes;
  }

  /** Takes what kernels print. */
  PrintListener prints() {
    return prints;
  }

  /** Streams that may have work; they are cancelled with the domain. */
  Set<SoftwareStream> streams() {
    return streams;
  }

  void commit(long address, long bytes) {
    requireGranules(address, bytes);
    enterOrThrow();
    try {
      device.reserve(bytes);
      if (!commitReserved(address, bytes)) {
        device.release(bytes);
        throw new DriverException(
            CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, "the device's memory is used up");
      }
    } finally {
      leave();
    }
  }

  private boolean commitReserved(long address, long bytes) {
    try {
      return memory.commit(address, bytes);
    } catch (IllegalArgumentException e) {
      device.release(bytes);
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  /** Sets the length of the kernels' heap; what it has beyond CUDA's usual one is taken now. */
  void limitHeap(long bytes) {
    enterOrThrow();
    try {
      synchronized (memory) {
        long more = beyondUsual(bytes) - beyondUsual(memory.heapBytes());
        if (more > 0) {
          device.reserve(more);
        }
        if (!memory.limitHeap(bytes)) {
          device.release(Math.max(0, more));
          throw new DriverException(
              CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, "no room for a heap of " + bytes + " bytes");
        }
        device.release(Math.max(0, -more));
      }
    } catch (IllegalStateException used) {
      throw invalid(String.valueOf(used.getMessage()));
    } finally {
      leave();
    }
  }

  /** The heap, which kernels may have used. */
  UsedHeap usedHeap() {
    HeapState state = memory.heapState();
    return state == null
        ? UsedHeap.UNTOUCHED
        : new UsedHeap(true, state.start(), state.bytes(), state.blocks());
  }

  /**
   * Goes on with another domain's heap, as {@link #limitHeap} for one that kernels have used.
   *
   * @throws IllegalArgumentException if there can't be such a heap
   */
  void restoreHeap(long bytes, UsedHeap heap) {
    HeapState state = new HeapState(heap.start(), heap.blocks());
    if (state.bytes() != heap.bytes()) {
      throw new IllegalArgumentException("a heap's blocks have another length");
    }
    enterOrThrow();
    try {
      synchronized (memory) {
        long more = beyondUsual(bytes);
        device.reserve(more);
        boolean done = false;
        try {
          done = memory.restoreHeap(bytes, state);
        } finally {
          device.release(done ? 0 : more);
        }
        if (!done) {
          throw new DriverException(
              CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, "no room for the heap at its address");
        }
      }
    } finally {
      leave();
    }
  }

  /** All work ends with this from now on, as it did in the domain in whose place this one is. */
  void adoptFault(int result) {
    fault.compareAndSet(CUresult.CUDA_SUCCESS_VALUE, result);
  }

  private static long beyondUsual(long heapBytes) {
    return Math.max(0, heapBytes - DeviceLimits.HEAP_BYTES);
  }

  void decommit(long address, long bytes) {
    requireGranules(address, bytes);
    enterOrThrow();
    try {
      // The lock makes the difference this call's own: nobody else takes memory away.
      synchronized (memory) {
        long before = memory.committedBytes();
        memory.release(address, bytes);
        device.release(before - memory.committedBytes());
      }
    } finally {
      leave();
    }
  }

  private void requireGranules(long address, long bytes) {
    long granule = AddressSpace.PAGE_BYTES;
    long offset = address - memory.windowBase();
    if (bytes <= 0
        || bytes % granule != 0
        || address % granule != 0
        || offset < 0
        || offset > slabBytes - bytes) {
      throw invalid("not granules of the slab: 0x" + Long.toHexString(address) + " + " + bytes);
    }
  }

  /** The fault, or {@code CUDA_SUCCESS}. */
  int fault() {
    return fault.get();
  }

  /** Whether the domain was closed: nothing outside it will let a stopped stream go on. */
  boolean isClosed() {
    return gate.isClosed();
  }

  /** Ends the domain's work for good, unless it has a fault already; returns the one it has. */
  int fail(int result, String detail) {
    return fail(result, detail, OptionalLong.empty());
  }

  /** As {@link #fail(int, String)}, with the address at fault if there is one. */
  int fail(int result, String detail, OptionalLong address) {
    if (fault.compareAndSet(CUresult.CUDA_SUCCESS_VALUE, result)) {
      // First the reason, so that it is known when the kernels that are cancelled by it end. Stops
      // end by themselves: whoever holds them is told the fault and lets go.
      if (address.isPresent()) {
        faults.onFault(result, detail, address.getAsLong());
      } else {
        faults.onFault(result, detail);
      }
      streams.forEach(SoftwareStream::cancelLaunch);
    }
    return fault.get();
  }

  /**
   * Sets how long a kernel may run.
   *
   * @param nanosMax 0: for ever
   */
  void limitKernelTime(LongSupplier nanosMax) {
    kernelNanosMax = nanosMax;
  }

  /** Ends the domain's work if one of its kernels has run for too long. */
  void stopOverdueKernels() {
    long most = kernelNanosMax.getAsLong();
    if (most == 0) {
      return;
    }
    for (SoftwareStream stream : streams) {
      RunningKernel kernel = stream.running();
      long ranNanos = kernel == null ? 0 : device.nanos() - kernel.sinceNanos();
      if (kernel != null && ranNanos > most) {
        int unused =
            fail(
                CUresult.CUDA_ERROR_LAUNCH_TIMEOUT_VALUE,
                "kernel "
                    + kernel.name()
                    + " was stopped after "
                    + ranNanos / NANOS_PER_MILLI
                    + " ms, a kernel of this tenant may run for "
                    + most / NANOS_PER_MILLI
                    + " ms");
      }
    }
  }

  /**
   * Begins to use the domain's memory, which stays mapped until {@link #leave}.
   *
   * @return {@code CUDA_SUCCESS}, or why it can't be used; then the caller must not leave
   */
  int enter() {
    if (!gate.enter()) {
      return CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE;
    }
    int result = fault.get();
    if (result != CUresult.CUDA_SUCCESS_VALUE) {
      gate.leave();
    }
    return result;
  }

  /** As {@link #enter}, also in a domain that has a fault: its memory may still be managed. */
  void enterOrThrow() {
    if (!gate.enter()) {
      throw new DriverException(
          CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE, "the session has ended");
    }
  }

  void leave() {
    gate.leave();
  }

  /** Stops all work and frees the memory as soon as nobody uses it, which this waits for. */
  void close() {
    if (!gate.close()) {
      return;
    }
    fault.compareAndSet(
        CUresult.CUDA_SUCCESS_VALUE, CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE);
    streams.forEach(stream -> stream.cancel(fault.get()));
    windows.disown(memory.windowBase(), this);
    if (awaitEmpty()) {
      free();
      return;
    }
    log.error("a kernel doesn't stop; {} bytes stay in use until it does", memory.committedBytes());
    var waiter = new Thread(this::freeWhenEmpty, "software-domain-closing");
    waiter.setDaemon(true);
    waiter.start();
  }

  private void freeWhenEmpty() {
    while (!awaitEmpty()) {
      streams.forEach(stream -> stream.cancel(fault.get()));
    }
    free();
  }

  private boolean awaitEmpty() {
    try {
      return gate.awaitEmpty(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void free() {
    long bytes = memory.committedBytes() + beyondUsual(memory.heapBytes());
    long window = memory.windowBase();
    memory.close();
    device.release(bytes);
    if (owner.get()) {
      windows.giveBack(window, 2 * slabBytes);
    }
  }

  private static DriverException invalid(String detail) {
    return new DriverException(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, detail);
  }
}
