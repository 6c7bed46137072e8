// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.Promise;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A connection's event loop, run by whoever waits for the connection: a thread that waits for an
 * answer takes the loop, writes and reads the socket itself and gives the loop back, so that no
 * other thread has to be woken for its call. One thread at a time has the loop and is "in the event
 * loop" meanwhile. Others that wait sleep until their condition holds or the loop is free.
 *
 * <p>When no caller waits, the loop's own thread {@code remora-io} has it. That thread steps back
 * as soon as a caller wants the loop, and comes again when none has read for a tick.
 */
final class ConnectionLoop extends AbstractScheduledEventExecutor implements IoEventLoop {
  /** How long received bytes may lie while callers are busy with other things. */
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** While callers keep reading, the own thread looks less often. */
  private static final long TICK_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(4);

  private static final Runnable NOTHING = () -> {};

  private final NanoClock clock;
  private final boolean callersMayRun;
  private final IoHandler handler;
  private final Thread ownThread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final Queue<Thread> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicReference<@Nullable Thread> owner = new AtomicReference<>();
  private final Promise<Void> termination = new DefaultPromise<>(GlobalEventExecutor.INSTANCE);
  private final IoHandlerContext blocking = new Context(true);
  private final IoHandlerContext polling = new Context(false);

  /** Written by callers that have the loop only, read by the own thread. */
  private volatile long reads;

  private volatile boolean shuttingDown;
  private volatile boolean terminated;

  /**
   * @param callersMayRun false if an interrupt of the thread that has the loop would harm it, as it
   *     closes the sockets of {@code java.nio}; then callers only sleep
   */
  ConnectionLoop(IoHandlerFactory handlers, boolean callersMayRun, NanoClock clock) {
    this.clock = clock;
    this.callersMayRun = callersMayRun;
    handler = handlers.newHandler(this);
    handler.initialize();
    ownThread = new Thread(this::runOwnThread, "remora-io");
    ownThread.setDaemon(true);
  }

  /** Starts the own thread; without it nothing runs while nobody waits. */
  void start() {
    ownThread.start();
  }

  /** What a thread waits for. Becomes true once, by what the loop does or by another thread. */
  @FunctionalInterface
  interface Condition {
    boolean holds();
  }

  /**
   * Waits on the calling thread, which runs the loop meanwhile if nobody else does. Who makes the
   * condition true outside the loop must call {@link #recheck} or {@link #wake}. An interrupt
   * doesn't end the wait; it is kept for later.
   *
   * @param spinNanos how long to poll before the thread sleeps
   */
  void await(Condition condition, long spinNanos) {
    long start = spinNanos > 0 ? clock.nanos() : 0;
    boolean interrupted = false;
    while (!condition.holds()) {
      boolean polls = spinNanos > 0 && clock.nanos() - start < spinNanos;
      if (callersMayRun && take()) {
        runFor(condition, polls);
      } else if (polls) {
        Thread.onSpinWait();
      } else {
        sleep(condition);
        interrupted |= Thread.interrupted();
      }
    }
    if (owner.get() == null) {
      wakeNext();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Lets all who wait look at their conditions again, also who sleeps in the loop. */
  void recheck() {
    for (Thread each : waiting) {
      LockSupport.unpark(each);
    }
    Thread has = owner.get();
    if (has != null && has != Thread.currentThread()) {
      nudge();
    }
  }

  /** Lets one thread look at its condition again. */
  void wake(Thread thread) {
    if (thread == Thread.currentThread()) {
      return;
    }
    LockSupport.unpark(thread);
    if (owner.get() == thread) {
      nudge();
    }
  }

  /** Who is about to sleep in the loop sees the task, who sleeps is woken. */
  private void nudge() {
    tasks.add(NOTHING);
    handler.wakeup();
  }

  /** Writes what was handed over, on the calling thread if nobody has the loop. */
  void runPending() {
    if (callersMayRun && !tasks.isEmpty() && take()) {
      try {
        runTasks();
      } finally {
        give();
      }
    }
  }

  private void runFor(Condition condition, boolean polls) {
    try {
      runTasks();
      while (!condition.holds()) {
        step(polls ? polling : blocking);
        reads++;
        if (polls) {
          return;
        }
      }
    } finally {
      give();
    }
  }

  private void sleep(Condition condition) {
    Thread self = Thread.currentThread();
    waiting.add(self);
    try {
      Thread has = owner.get();
      if (has == ownThread && callersMayRun) {
        handler.wakeup();
      }
      // Who gives the loop back looks for sleepers afterwards, so none is forgotten.
      if ((has != null || !callersMayRun) && !condition.holds()) {
        LockSupport.park(this);
      }
    } finally {
      waiting.remove(self);
    }
  }

  private boolean take() {
    return owner.get() == null && !terminated && owner.compareAndSet(null, Thread.currentThread());
  }

  private void give() {
    owner.set(null);
    // Who handed a task over after the last look at them may have seen that the loop is taken.
    while (!tasks.isEmpty() && take()) {
      runTasks();
      owner.set(null);
    }
    wakeNext();
  }

  private void wakeNext() {
    Thread next = waiting.peek();
    if (next != null) {
      LockSupport.unpark(next);
    }
  }

  private void step(IoHandlerContext context) {
    handler.run(context);
    runTasks();
  }

  private void runTasks() {
    fetchFromScheduledTaskQueue(tasks);
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      safeExecute(task);
    }
  }

  private void runOwnThread() {
    long seen = -1;
    long tick = TICK_NANOS;
    while (!shuttingDown) {
      long now = reads;
      boolean idle = !callersMayRun || now == seen;
      seen = now;
      tick = idle ? TICK_NANOS : Math.min(2 * tick, TICK_NANOS_MAX);
      if (idle && take()) {
        try {
          runUntilWanted();
        } finally {
          give();
        }
      }
      if (!shuttingDown) {
        LockSupport.parkNanos(this, tick);
      }
    }
    end();
  }

  private void runUntilWanted() {
    runTasks();
    do {
      step(blocking);
    } while (!shuttingDown && !isWanted());
  }

  private boolean isWanted() {
    return callersMayRun && !waiting.isEmpty();
  }

  private void end() {
    while (!take()) {
      LockSupport.parkNanos(this, TICK_NANOS);
    }
    runTasks();
    handler.prepareToDestroy();
    runTasks();
    cancelScheduledTasks();
    terminated = true;
    handler.destroy();
    runTasks();
    give();
    termination.setSuccess(null);
  }

  /** When the handler may sleep, and how long. */
  private final class Context implements IoHandlerContext {
    private final boolean sleeps;

    Context(boolean sleeps) {
      this.sleeps = sleeps;
    }

    @Override
    public boolean canBlock() {
      boolean wanted = Thread.currentThread() == ownThread && (shuttingDown || isWanted());
      return sleeps && tasks.isEmpty() && !hasScheduledTasks() && !wanted;
    }

    @Override
    public long delayNanos(long currentTimeNanos) {
      return sleeps ? ConnectionLoop.this.delayNanos(currentTimeNanos, Long.MAX_VALUE) : 0;
    }

    @Override
    public long deadlineNanos() {
      return sleeps ? nextScheduledTaskDeadlineNanos() : -1;
    }
  }

  @Override
  public void execute(Runnable task) {
    if (terminated) {
      throw new RejectedExecutionException("the connection is closed");
    }
    tasks.add(task);
    Thread has = owner.get();
    if (has != null && has != Thread.currentThread()) {
      handler.wakeup();
    }
  }

  @Override
  public boolean inEventLoop(Thread thread) {
    return owner.get() == thread;
  }

  @Override
  public Future<IoRegistration> register(IoHandle handle) {
    Promise<IoRegistration> promise = newPromise();
    if (inEventLoop()) {
      register(handle, promise);
    } else {
      execute(() -> register(handle, promise));
    }
    return promise;
  }

  private void register(IoHandle handle, Promise<IoRegistration> promise) {
    try {
      promise.setSuccess(handler.register(handle));
    } catch (Exception e) {
      promise.setFailure(e);
    }
  }

  @Override
  public ChannelFuture register(Channel channel) {
    return register(channel, new DefaultChannelPromise(channel, this));
  }

  @Override
  @Deprecated
  public ChannelFuture register(ChannelPromise promise) {
    return register(promise.channel(), promise);
  }

  @Override
  @Deprecated
  public ChannelFuture register(Channel channel, ChannelPromise promise) {
    channel.unsafe().register(this, promise);
    return promise;
  }

  @Override
  public @Nullable IoEventLoopGroup parent() {
    return null;
  }

  @Override
  public IoEventLoop next() {
    return this;
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> handleType) {
    return handler.isCompatible(handleType);
  }

  @Override
  public boolean isIoType(Class<? extends IoHandler> handlerType) {
    return handler.getClass().equals(handlerType);
  }

  @Override
  public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
    shutdown();
    return termination;
  }

  @Override
  @Deprecated
  public void shutdown() {
    shuttingDown = true;
    handler.wakeup();
    LockSupport.unpark(ownThread);
  }

  @Override
  public Future<?> terminationFuture() {
    return termination;
  }

  @Override
  public boolean isShuttingDown() {
    return shuttingDown;
  }

  @Override
  public boolean isShutdown() {
    return terminated;
  }

  @Override
  public boolean isTerminated() {
    return terminated;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return termination.await(timeout, unit);
  }
}
