// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DriverException;
import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Device memory: allocation, release, and what is known of an address. Freeing never waits; the
 * memory comes back when the work submitted before is over, and an allocation that doesn't fit
 * until then waits for it. Belongs to the session's serial executor.
 */
final class MemoryCalls {
  /** Alignment of rows, as devices have it. */
  private static final long PITCH_ALIGNMENT_BYTES = 512;

  private static final int WAITING_MAX = 1024;

  private final ClientSession session;
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private final GraphMemoryCalls ofGraphs;

  /**
   * An allocation that waits for memory that is on its way back. The alignment is 0 for one that
   * isn't a module's variable.
   */
  private record Waiting(
      SessionDevice device,
      long bytes,
      long owner,
      int variableAlignment,
      @Nullable MemoryPool pool,
      Consumer<Allocation> done,
      Consumer<DriverException> failed) {}

  MemoryCalls(ClientSession session) {
    this.session = session;
    this.ofGraphs = new GraphMemoryCalls(session, this);
  }

  /** What graphs allocate. */
  GraphMemoryCalls ofGraphs() {
    return ofGraphs;
  }

  void cuMemAlloc(SessionCall call, long bytes) {
    VirtualContext context = call.context();
    allocate(
        context,
        bytes,
        allocation -> Answers.cuMemAlloc(call, allocation.address()),
        refused -> call.fail(refused.result(), refused.detail()));
  }

  void cuMemAllocAsync(SessionCall call, long bytes, long stream) {
    SessionStream found = session.objects().stream(call, stream);
    if (found.capture() != null) {
      ofGraphs.capture(call, found, bytes);
      return;
    }
    VirtualContext context = found.context();
    allocate(
        new Waiting(
            context.device(),
            bytes,
            context.handle(),
            0,
            context.device().pools().current(),
            allocation -> Answers.cuMemAllocAsync(call, allocation.address()),
            refused -> call.fail(refused.result(), refused.detail())));
  }

  void cuMemAllocFromPoolAsync(SessionCall call, long bytes, MemoryPool pool, long stream) {
    VirtualContext context = streamOf(call, stream).context();
    allocate(
        new Waiting(
            pool.device(),
            bytes,
            pool.device() == context.device() ? context.handle() : pool.device().ordinal(),
            0,
            pool,
            allocation -> Answers.cuMemAllocFromPoolAsync(call, allocation.address()),
            refused -> call.fail(refused.result(), refused.detail())));
  }

  /** A stream, which must not be capturing: graphs don't allocate from pools. */
  private SessionStream streamOf(SessionCall call, long handle) {
    SessionStream stream = session.objects().stream(call, handle);
    session.captures().refuse(stream);
    return stream;
  }

  void cuMemAllocPitch(SessionCall call, long widthBytes, long height) {
    VirtualContext context = call.context();
    long limit = Long.MAX_VALUE - PITCH_ALIGNMENT_BYTES;
    if (widthBytes < 0 || widthBytes > limit || height < 0) {
      throw outOfMemory();
    }
    long pitch = (widthBytes + PITCH_ALIGNMENT_BYTES - 1) & -PITCH_ALIGNMENT_BYTES;
    if (height > limit / pitch) {
      throw outOfMemory();
    }
    allocate(
        context,
        pitch * height,
        allocation -> Answers.cuMemAllocPitch(call, allocation.address(), pitch),
        refused -> call.fail(refused.result(), refused.detail()));
  }

  private static CallException outOfMemory() {
    return new CallException(
        CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, "no memory has so many bytes");
  }

  private void allocate(
      VirtualContext context,
      long bytes,
      Consumer<Allocation> done,
      Consumer<DriverException> failed) {
    allocate(new Waiting(context.device(), bytes, context.handle(), 0, null, done, failed));
  }

  /** Memory for a node of a graph; the answer comes on the serial executor. */
  void allocateForGraph(
      SessionDevice device,
      long bytes,
      long owner,
      Consumer<Allocation> done,
      Consumer<DriverException> failed) {
    allocate(new Waiting(device, bytes, owner, 0, null, done, failed));
  }

  /** Memory for an array; the answer comes on the serial executor. */
  void allocateArray(
      VirtualContext context,
      long bytes,
      Consumer<Allocation> done,
      Consumer<DriverException> failed) {
    allocate(context, bytes, done, failed);
  }

  /** Memory for a module's variable; the answer comes on the serial executor. */
  void allocateVariable(
      SessionDevice device,
      long bytes,
      int alignment,
      long owner,
      Consumer<Allocation> done,
      Consumer<DriverException> failed) {
    allocate(
        new Waiting(device, Math.max(bytes, 1), owner, Math.max(alignment, 1), null, done, failed));
  }

  private void allocate(Waiting wanted) {
    Allocation allocation;
    try {
      allocation = allocateNow(wanted);
    } catch (DriverException refused) {
      if (refused.result() == CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE
          && session.epochs().hasWaiting()
          && waiting.size() < WAITING_MAX) {
        waiting.add(wanted);
      } else if (wanted.device().isFull() && wanted.device().residency().isTracked()) {
        makeRoom(wanted, refused);
      } else {
        wanted.failed().accept(refused);
      }
      return;
    }
    wanted.done().accept(allocation);
  }

  /** The tenant may have the memory, but the device has promised it to others too. */
  private void makeRoom(Waiting wanted, DriverException refused) {
    SessionDevice device = wanted.device();
    DeviceSpill spill = session.services().spills().get(device.description().ordinal());
    session
        .services()
        .workers()
        .execute(
            () -> {
              boolean made = spill.makeRoom(wanted.bytes(), device.residency());
              session
                  .serial()
                  .execute(
                      () -> {
                        if (made && !session.isEnded()) {
                          allocate(wanted);
                        } else {
                          wanted.failed().accept(refused);
                        }
                      });
            });
  }

  private static Allocation allocateNow(Waiting wanted) {
    try {
      return allocateOnce(wanted);
    } catch (DriverException refused) {
      if (!wanted.device().pools().trimAll()) {
        throw refused;
      }
      // What pools had kept may be enough.
      return allocateOnce(wanted);
    }
  }

  private static Allocation allocateOnce(Waiting wanted) {
    MemoryPool pool = wanted.pool();
    if (pool != null) {
      return pool.allocate(wanted.bytes(), wanted.owner());
    }
    SlabAllocator memory = wanted.device().memory();
    return wanted.variableAlignment() == 0
        ? memory.allocate(wanted.bytes(), wanted.owner(), false)
        : memory.allocateVariable(wanted.bytes(), wanted.owner(), wanted.variableAlignment());
  }

  /** Freed memory has come back, or there is none on its way any more. */
  void memoryCameBack() {
    for (int left = waiting.size(); left > 0; left--) {
      allocate(waiting.remove());
    }
  }

  /** The session ends: nobody gets memory any more. */
  void sessionEnds() {
    DriverException gone =
        new DriverException(CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE, "the session ended");
    while (!waiting.isEmpty()) {
      waiting.remove().failed().accept(gone);
    }
  }

  void cuMemFree(SessionCall call, long address) {
    if (address != 0) {
      free(address);
    }
    call.succeed();
  }

  /** Frees what begins at an address, or {@code CUDA_ERROR_INVALID_VALUE}. */
  void free(long address) {
    for (SessionDevice device : session.objects().devices()) {
      Allocation allocation = device.ownsAddress(address) ? device.memory().at(address) : null;
      if (allocation != null && !allocation.isModuleVariable()) {
        GraphMemory graphMemory = allocation.graphMemory();
        if (graphMemory == null) {
          free(device, allocation);
        } else {
          ofGraphs.free(graphMemory);
        }
        return;
      }
    }
    throw CallException.invalidValue(
        "0x" + Long.toHexString(address) + " is not the beginning of an allocation");
  }

  void cuMemFreeAsync(SessionCall call, long address, long stream) {
    SessionStream found = session.objects().stream(call, stream);
    if (found.capture() == null) {
      // The memory stays until all streams have passed this point.
      cuMemFree(call, address);
    } else {
      boolean unused = session.captures().takes(call, found, ofGraphs.release(address));
    }
  }

  /** Takes an allocation away at once, and gives its memory back when no work uses it. */
  void free(SessionDevice device, Allocation allocation) {
    device.memory().detach(allocation);
    GraphMemory graphMemory = allocation.graphMemory();
    if (graphMemory != null) {
      ofGraphs.givenBack(graphMemory);
    }
    session
        .epochs()
        .afterWorkSoFar(
            () -> {
              try {
                MemoryPool pool = allocation.pool();
                if (pool != null) {
                  pool.giveBack(allocation);
                } else {
                  device.memory().recycle(allocation);
                }
              } catch (DriverException refused) {
                session.defect(refused);
              }
            });
  }

  void cuMemGetInfo(SessionCall call) {
    long total = session.totalMemoryBytes(call.context().device().description());
    long free = Math.min(total, session.grant().memory().availableBytes());
    Answers.cuMemGetInfo(call, free, total);
  }

  void cuMemGetAddressRange(SessionCall call, long address) {
    for (SessionDevice device : session.objects().devices()) {
      Allocation allocation = device.ownsAddress(address) ? device.memory().find(address) : null;
      if (allocation != null) {
        Answers.cuMemGetAddressRange(call, allocation.address(), allocation.bytes());
        return;
      }
    }
    throw new CallException(
        CUresult.CUDA_ERROR_NOT_FOUND_VALUE,
        "0x" + Long.toHexString(address) + " is not in an allocation of this session");
  }

  /** Whether no allocation waits for memory. */
  boolean isIdle() {
    return waiting.isEmpty();
  }
}
