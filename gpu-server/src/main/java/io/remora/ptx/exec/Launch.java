// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.KernelFault;
import io.remora.ptx.LaunchControl;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.MemoryFault;
import io.remora.ptx.image.ImageTable;
import io.remora.ptx.memory.DeviceMemory;
import io.remora.ptx.memory.ScratchArea;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One launch: hands out blocks to the workers that take part, in order, and keeps the first fault.
 * All methods may be called by any worker.
 */
public final class Launch {
  private static final AtomicLong IDS = new AtomicLong();

  private final CompiledKernel compiled;
  private final DeviceMemory memory;
  private final ImageTable images;
  private final long[] globals;
  private final LaunchShape shape;
  private final ByteBuffer parameters;
  private final LaunchControl control;
  private final LongConsumer finishedBlocks;
  private final ThreadIds threadIds;
  private final long sharedBytes;
  private final int workers;
  private final int clusterBlocks;
  private final long units;
  private final long chunk;
  private final long id = IDS.incrementAndGet();
  private final AtomicLong nextUnit = new AtomicLong();
  private final AtomicReference<KernelFault> fault = new AtomicReference<>();
  private final AtomicReference<Throwable> bug = new AtomicReference<>();
  private final AtomicInteger participants = new AtomicInteger();
  private volatile boolean stopped;
  private volatile @Nullable CooperativeBlocks cooperative;

  /**
   * @param shape extents, made of whole clusters
   * @param images textures and surfaces that kernels may name
   * @param globals addresses of the module's variables
   * @param finishedBlocks told of blocks that have ended
   * @param workers how many threads may take part
   */
  public Launch(
      CompiledKernel compiled,
      DeviceMemory memory,
      ImageTable images,
      long[] globals,
      LaunchShape shape,
      ByteBuffer parameters,
      LaunchControl control,
      LongConsumer finishedBlocks,
      int workers) {
    this.compiled = compiled;
    this.memory = memory;
    this.images = images;
    this.globals = globals;
    this.shape = shape;
    this.parameters = parameters;
    this.control = control;
    this.finishedBlocks = finishedBlocks;
    this.workers = workers;
    this.clusterBlocks = shape.cluster().blocks();
    this.units = shape.blocks() / clusterBlocks;
    this.chunk = Math.max(1, Math.min(64, units / (workers * 16L)));
    this.threadIds = ThreadIds.of(shape.blockX(), shape.blockY(), shape.blockZ());
    this.sharedBytes = (long) compiled.kernel().staticSharedBytes() + shape.dynamicSharedBytes();
  }

  CompiledKernel compiled() {
    return compiled;
  }

  DeviceMemory memory() {
    return memory;
  }

  ImageTable images() {
    return images;
  }

  long[] globals() {
    return globals;
  }

  LaunchShape shape() {
    return shape;
  }

  LaunchControl control() {
    return control;
  }

  ThreadIds threadIds() {
    return threadIds;
  }

  long sharedBytes() {
    return sharedBytes;
  }

  int workers() {
    return workers;
  }

  /** Address of the words that a grid-wide barrier counts in; 0 if the launch isn't cooperative. */
  long gridWorkspace() {
    CooperativeBlocks all = cooperative;
    return all == null ? 0 : all.workspace();
  }

  /** How many threads have worked on this launch. */
  int participants() {
    return Math.max(1, participants.get());
  }

  long id() {
    return id;
  }

  /** What workers take one of at a time: clusters, or blocks if these have no others. */
  long units() {
    return units;
  }

  /** Scratch memory of each of them, in bytes. */
  long unitBytes() {
    return BlockContext.scratchBytes(compiled, sharedBytes, shape.threadsPerBlock(), clusterBlocks);
  }

  /** Makes what runs one of them after the other. */
  RunningBlocks runner(ScratchArea.Piece piece, int worker) {
    return clusterBlocks > 1 || compiled.waits().clusterWaits()
        ? new ClusterRunner(this, piece, worker)
        : new BlockRunner(compiled, new BlockContext(this, piece, 0, null, worker));
  }

  /** Whether there are blocks that nobody has taken yet. */
  boolean hasWork() {
    CooperativeBlocks all = cooperative;
    return !stopped && (all == null ? nextUnit.get() < units : all.hasWork());
  }

  void copyParameters(long address) {
    memory.write(address, parameters.duplicate());
  }

  /** Called now and then by running code. */
  void checkStopped() {
    if (stopped || control.isCancelled()) {
      throw new KernelStop(KernelFault.Kind.CANCELLED, "");
    }
  }

  /** Works on this launch until no block is left to take. Never throws; see {@link #outcome}. */
  void work(int worker) {
    if (cooperative != null) {
      workCooperatively(worker);
      return;
    }
    participants.incrementAndGet();
    long bytes = unitBytes();
    ScratchArea.Piece piece = memory.scratch().take(bytes);
    if (piece == null) {
      fail(
          new KernelFault(
              KernelFault.Kind.OUT_OF_RESOURCES,
              compiled.kernel().name(),
              new KernelFault.Position(0, 0, 0),
              new KernelFault.Position(0, 0, 0),
              null,
              0,
              "no room for " + bytes + " bytes of shared and local memory of a block"));
      return;
    }
    try {
      runBlocks(worker, piece);
    } catch (RuntimeException | Error e) { // A bug of ours: the caller of the launch gets it.
      bug.compareAndSet(null, e);
      stopped = true;
    } finally {
      memory.scratch().giveBack(piece);
    }
  }

  private void runBlocks(int worker, ScratchArea.Piece piece) {
    RunningBlocks runner = runner(piece, worker);
    while (!stopped) {
      long first = nextUnit.getAndAdd(chunk);
      if (first >= units) {
        return;
      }
      long end = Math.min(units, first + chunk);
      for (long number = first; number < end; number++) {
        if (!runUnit(runner, number)) {
          return;
        }
      }
      finishedBlocks.accept((end - first) * clusterBlocks);
    }
  }

  private boolean runUnit(RunningBlocks runner, long number) {
    try {
      if (control.isCancelled()) {
        throw new KernelStop(KernelFault.Kind.CANCELLED, "");
      }
      runner.start(number);
      while (!runner.run()) {
        checkStopped();
        Thread.onSpinWait();
      }
      return true;
    } catch (KernelStop | MemoryFault | StackOverflowError e) {
      fail(Faults.of(compiled, runner.block(), e));
      return false;
    }
  }

  /** Makes all blocks of a cooperative launch; false if that failed. */
  boolean startCooperatively() {
    try {
      var all = new CooperativeBlocks(this);
      cooperative = all;
      all.start();
      return true;
    } catch (KernelStop e) {
      fail(
          new KernelFault(
              e.kind(),
              compiled.kernel().name(),
              new KernelFault.Position(0, 0, 0),
              new KernelFault.Position(0, 0, 0),
              null,
              0,
              String.valueOf(e.getMessage())));
      return false;
    }
  }

  /** Works on a cooperative launch until the other workers have all that is left. Never throws. */
  private void workCooperatively(int worker) {
    participants.incrementAndGet();
    CooperativeBlocks all = Objects.requireNonNull(cooperative);
    try {
      RunningBlocks runner = all.next();
      while (runner != null && !stopped) {
        runner.moveTo(worker);
        if (runTurn(runner)) {
          finishedBlocks.accept(clusterBlocks);
        } else {
          all.putBack(runner);
        }
        runner = all.next();
      }
    } catch (RuntimeException | Error e) { // A bug of ours: the caller of the launch gets it.
      bug.compareAndSet(null, e);
      stopped = true;
    }
  }

  /** Whether the block has ended, also by a fault. */
  private boolean runTurn(RunningBlocks runner) {
    try {
      checkStopped();
      return runner.run();
    } catch (KernelStop | MemoryFault | StackOverflowError e) {
      fail(Faults.of(compiled, runner.block(), e));
      return true;
    }
  }

  /** Gives the memory of a cooperative launch back, when all workers have left. */
  void endCooperatively() {
    CooperativeBlocks all = cooperative;
    if (all != null) {
      all.close();
    }
  }

  private void fail(KernelFault reason) {
    // A cancellation seen by one worker must not hide the fault that another is about to report.
    fault.accumulateAndGet(
        reason,
        (before, now) ->
            before == null || before.kind() == KernelFault.Kind.CANCELLED ? now : before);
    stopped = true;
  }

  /** The fault that ended the launch, or null; called when all workers have left. */
  public @Nullable KernelFault outcome() {
    Throwable ours = bug.get();
    if (ours != null) {
      throw new IllegalStateException("a compiled kernel failed in the engine itself", ours);
    }
    return fault.get();
  }
}
