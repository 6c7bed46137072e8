// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who runs a connection's event loop, and when. */
@Timeout(20)
final class ConnectionLoopTest {
  private final SleepingHandler handler = new SleepingHandler();
  private @Nullable ConnectionLoop loop;

  private ConnectionLoop loop(boolean callersMayRun) {
    ConnectionLoop made =
        new ConnectionLoop(executor -> handler, callersMayRun, NanoClock.system());
    loop = made;
    return made;
  }

  @AfterEach
  void everyLoopEnds() throws InterruptedException {
    ConnectionLoop made = loop;
    if (made != null) {
      assertThat(made.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS))
          .isTrue();
      assertThatThrownBy(() -> made.execute(() -> {}))
          .isInstanceOf(RejectedExecutionException.class);
    }
  }

  @Test
  void aThreadThatWaitsRunsWhatIsHandedToTheLoop() {
    ConnectionLoop waited = loop(true);
    CompletableFuture<Thread> ranOn = new CompletableFuture<>();
    waited.execute(() -> ranOn.complete(Thread.currentThread()));

    waited.await(ranOn::isDone, 0);

    assertThat(ranOn.join()).isSameAs(Thread.currentThread());
    waited.start();
  }

  @Test
  void theOwnThreadGivesTheLoopToAThreadThatWaits() throws InterruptedException {
    ConnectionLoop waited = loop(true);
    waited.start();
    handler.awaitSleeper("remora-io");
    AtomicBoolean done = new AtomicBoolean();
    CompletableFuture<Thread> ranOn = new CompletableFuture<>();
    Thread caller = new Thread(() -> waited.await(done::get, 0), "caller");
    caller.start();

    handler.awaitSleeper("caller");
    waited.execute(
        () -> {
          ranOn.complete(Thread.currentThread());
          done.set(true);
        });
    caller.join();

    assertThat(ranOn.join()).isSameAs(caller);
  }

  @Test
  void theOwnThreadComesBackWhenNobodyWaits() throws InterruptedException {
    ConnectionLoop waited = loop(true);
    waited.start();
    handler.awaitSleeper("remora-io");
    CompletableFuture<Thread> first = new CompletableFuture<>();
    Thread caller = new Thread(() -> waited.await(first::isDone, 0), "caller");
    caller.start();
    handler.awaitSleeper("caller");
    waited.execute(() -> first.complete(Thread.currentThread()));
    caller.join();

    handler.awaitSleeper("remora-io");
    CompletableFuture<String> second = new CompletableFuture<>();
    waited.execute(() -> second.complete(Thread.currentThread().getName()));

    assertThat(second.join()).isEqualTo("remora-io");
  }

  @Test
  void theNextThreadThatWaitsTakesTheLoopOver() throws InterruptedException {
    ConnectionLoop waited = loop(true);
    AtomicBoolean firstDone = new AtomicBoolean();
    AtomicBoolean secondDone = new AtomicBoolean();
    Thread first = new Thread(() -> waited.await(firstDone::get, 0), "first");
    first.start();
    handler.awaitSleeper("first");
    Thread second = new Thread(() -> waited.await(secondDone::get, 0), "second");
    second.start();

    waited.execute(() -> firstDone.set(true));
    first.join();
    handler.awaitSleeper("second");
    waited.execute(() -> secondDone.set(true));
    second.join();
    waited.start();
  }

  @Test
  void aConditionThatAnotherThreadMakesTrueIsSeenAfterRecheck() throws InterruptedException {
    ConnectionLoop waited = loop(false);
    waited.start();
    AtomicBoolean done = new AtomicBoolean();
    CountDownLatch asked = new CountDownLatch(1);
    Thread caller =
        new Thread(
            () ->
                waited.await(
                    () -> {
                      asked.countDown();
                      return done.get();
                    },
                    0));
    caller.start();
    asked.await();

    done.set(true);
    waited.recheck();
    while (caller.isAlive()) {
      // It may have been between its look and its sleep.
      waited.recheck();
      caller.join(1);
    }
  }

  @Test
  void aThreadThatSleepsInTheLoopSeesWhatAnotherThreadMadeTrue() throws InterruptedException {
    ConnectionLoop waited = loop(true);
    AtomicBoolean done = new AtomicBoolean();
    for (boolean byName : new boolean[] {true, false}) {
      done.set(false);
      Thread caller = new Thread(() -> waited.await(done::get, 0), "caller");
      caller.start();
      handler.awaitSleeper("caller");

      done.set(true);
      if (byName) {
        waited.wake(caller);
      } else {
        waited.recheck();
      }

      caller.join();
    }
    waited.start();
  }

  @Test
  void whatIsHandedOverIsRunByWhoHandsItOverIfNobodyHasTheLoop() {
    ConnectionLoop waited = loop(true);
    CompletableFuture<Thread> ranOn = new CompletableFuture<>();
    waited.execute(() -> ranOn.complete(Thread.currentThread()));

    waited.runPending();

    assertThat(ranOn.join()).isSameAs(Thread.currentThread());
    waited.start();
  }

  @Test
  void aLoopThatCallersMayNotRunIsRunByItsOwnThreadOnly() {
    ConnectionLoop waited = loop(false);
    waited.start();
    CompletableFuture<String> ranOn = new CompletableFuture<>();
    Thread self = Thread.currentThread();
    waited.execute(
        () -> {
          ranOn.complete(Thread.currentThread().getName());
          LockSupport.unpark(self);
        });
    waited.runPending();

    waited.await(ranOn::isDone, 0);

    assertThat(ranOn.join()).isEqualTo("remora-io");
  }

  @Test
  void anInterruptIsKeptForLater() throws InterruptedException {
    ConnectionLoop waited = loop(false);
    waited.start();
    Thread.currentThread().interrupt();
    AtomicBoolean done = new AtomicBoolean();
    waited.execute(
        () -> {
          done.set(true);
          waited.recheck();
        });

    waited.await(done::get, 0);

    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void tasksThatAreDueRunWhileAThreadWaits() {
    ConnectionLoop waited = loop(true);
    AtomicBoolean done = new AtomicBoolean();
    var scheduled = waited.schedule(() -> done.set(true), 1, TimeUnit.MILLISECONDS);

    waited.await(done::get, 0);

    assertThat(scheduled.isDone()).isTrue();
    waited.start();
  }

  /** Has no sockets: sleeps until it is woken or a task is due. */
  private static final class SleepingHandler implements IoHandler {
    private boolean woken;
    private @Nullable String sleeper;

    @Override
    public synchronized int run(IoHandlerContext context) {
      try {
        if (context.canBlock() && !woken) {
          sleeper = Thread.currentThread().getName();
          notifyAll();
          long nanos = context.deadlineNanos() == -1 ? 0 : context.delayNanos(System.nanoTime());
          TimeUnit.NANOSECONDS.timedWait(this, nanos == 0 ? TimeUnit.HOURS.toNanos(1) : nanos);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        woken = false;
        sleeper = null;
      }
      return 0;
    }

    /** Waits until the thread with this name has the loop and sleeps in it. */
    synchronized void awaitSleeper(String name) throws InterruptedException {
      while (!name.equals(sleeper)) {
        wait();
      }
    }

    @Override
    public synchronized void wakeup() {
      woken = true;
      notifyAll();
    }

    @Override
    public IoRegistration register(IoHandle handle) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
      return false;
    }
  }
}
