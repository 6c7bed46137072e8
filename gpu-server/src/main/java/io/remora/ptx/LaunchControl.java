// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * The handle on one running launch: another thread may cancel it and read what it has done so far.
 * One object serves one launch.
 */
public final class LaunchControl {
  private final LongAdder finishedBlocks = new LongAdder();
  private final Consumer<byte[]> printSink;
  private volatile boolean cancelled;

  /** Discards what the kernel prints. */
  public LaunchControl() {
    this(text -> {});
  }

  /**
   * @param printSink takes the bytes that each {@code printf} in the kernel prints; called from any
   *     worker thread, several at once
   */
  public LaunchControl(Consumer<byte[]> printSink) {
    this.printSink = printSink;
  }

  /**
   * Asks the launch to stop. It ends with {@link KernelFault.Kind#CANCELLED} soon after: every loop
   * looks at this flag once in a while.
   */
  public void cancel() {
    cancelled = true;
  }

  /** Whether {@link #cancel} was called. */
  public boolean isCancelled() {
    return cancelled;
  }

  /** Blocks that have run to their end. */
  public long finishedBlocks() {
    return finishedBlocks.sum();
  }

  /** Counts blocks that have run to their end; called by the executor. */
  void addFinishedBlocks(long blocks) {
    finishedBlocks.add(blocks);
  }

  /** Where the text of {@code printf} goes. */
  public Consumer<byte[]> printSink() {
    return printSink;
  }
}
