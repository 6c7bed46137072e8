// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SerialExecutorTest {
  private int turns;
  private final Deque<Runnable> handedOver = new ArrayDeque<>();
  private final List<Throwable> defects = new ArrayList<>();
  private final SerialExecutor serial =
      new SerialExecutor(handedOver::add, defects::add, () -> turns++);
  private final List<String> ran = new ArrayList<>();

  @Test
  void anIdleExecutorRunsTheTaskOnTheCaller() {
    serial.execute(() -> ran.add("a"));

    assertThat(ran).containsExactly("a");
  }

  @Test
  void aTaskBroughtByATaskRunsAfterIt() {
    serial.execute(
        () -> {
          serial.execute(() -> ran.add("inner"));
          ran.add("outer");
        });

    assertThat(ran).containsExactly("outer", "inner");
    assertThat(turns).isEqualTo(1);
  }

  @Test
  void aDriverThreadRunsOnlySignalsAndHandsWorkOver() {
    serial.signal(
        () -> {
          serial.execute(() -> ran.add("work"));
          serial.signal(() -> ran.add("second signal"));
          ran.add("signal");
        });

    assertThat(ran).containsExactly("signal", "second signal");
    handedOver.remove().run();
    assertThat(ran).containsExactly("signal", "second signal", "work");
    serial.execute(() -> ran.add("next"));
    assertThat(ran).endsWith("next");
  }

  @Test
  void aThreadIsNotKeptForever() {
    AtomicInteger count = new AtomicInteger();
    serial.execute(
        () -> {
          for (int i = 0; i < 1000; i++) {
            serial.execute(count::incrementAndGet);
          }
        });

    assertThat(count.get()).isLessThan(1000);
    while (!handedOver.isEmpty()) {
      handedOver.remove().run();
    }
    assertThat(count.get()).isEqualTo(1000);
  }

  @Test
  void theRestOfATaskGoesBeforeWorkThatCameMeanwhile() {
    serial.execute(
        () -> {
          ran.add("first");
          serial.execute(() -> ran.add("second"));
          serial.continueElsewhere(() -> ran.add("rest of the first"));
        });

    assertThat(ran).containsExactly("first");
    serial.signal(() -> ran.add("signal"));
    handedOver.remove().run();
    assertThat(ran).containsExactly("first", "signal", "rest of the first", "second");
    assertThat(handedOver).isEmpty();
  }

  @Test
  void aTaskThatThrowsIsReportedAndTheNextRuns() {
    serial.execute(
        () -> {
          throw new IllegalStateException("planned");
        });
    serial.execute(() -> ran.add("next"));

    assertThat(defects).hasSize(1);
    assertThat(ran).containsExactly("next");
  }

  @Test
  void tasksOfManyThreadsRunOnceEachAndNeverTogether() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    SerialExecutor shared = new SerialExecutor(threads, defects::add, () -> {});
    int[] unguarded = new int[1];
    CountDownLatch done = new CountDownLatch(4 * 20_000);
    for (int thread = 0; thread < 4; thread++) {
      boolean driver = thread % 2 == 0;
      Thread starter =
          new Thread(
              () -> {
                for (int i = 0; i < 20_000; i++) {
                  Runnable task =
                      () -> {
                        unguarded[0]++;
                        done.countDown();
                      };
                  if (driver) {
                    shared.signal(task);
                  } else {
                    shared.execute(task);
                  }
                }
              });
      starter.start();
    }
    assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
    threads.shutdown();

    assertThat(unguarded[0]).isEqualTo(4 * 20_000);
    assertThat(defects).isEmpty();
  }
}
