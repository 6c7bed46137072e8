// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.driver.WorkObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What other threads issue while one thread is issuing the work of the tenant whose turn it is. */
final class IssuingThreadsTest {
  private static final long MICRO = 1_000;

  private final FakeTime time = new FakeTime();
  private final DeviceQueue queue = new DeviceQueue(QueueConfig.DEFAULTS, time::nowNanos);
  private final Lane heavy = queue.lane("heavy", 9, LaneClass.NORMAL);
  private final Lane light = queue.lane("light", 1, LaneClass.NORMAL);
  private final List<String> issued = new ArrayList<>();
  private final ArrayDeque<WorkObserver> open = new ArrayDeque<>();

  private ModelWork work(String name, Runnable whileIssued) {
    return ModelWork.of(
        7,
        observer -> {
          issued.add(name);
          open.add(observer);
          whileIssued.run();
        });
  }

  private void endOne() {
    open.remove().onDone(0, 100 * MICRO);
  }

  /** Both tenants' kernels are known to take 100 µs, so that five fill the device. */
  @BeforeEach
  void learn() {
    light.submit(work("l0", () -> {}));
    heavy.submit(work("h0", () -> {}));
    while (!open.isEmpty()) {
      endOne();
    }
    for (int i = 1; i <= 5; i++) {
      heavy.submit(work("h" + i, () -> {}));
    }
    assertThat(issued).containsExactly("l0", "h0", "h1", "h2", "h3", "h4", "h5");
  }

  private static void onAnotherThread(Runnable action) {
    var thread = new Thread(action, "other");
    thread.start();
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void nobodyElseIsServedOutOfTurnWhileTheTenantsThreadIsAboutToComeBack() {
    heavy.submit(work("h6", () -> onAnotherThread(this::endOne)));
    heavy.submit(work("h7", () -> {}));
    light.submit(work("l1", () -> {}));
    endOne();
    assertThat(issued).endsWith("h5", "h6", "h7");
  }

  @Test
  void theOthersGoOnWhereIssuingTakesLong() {
    heavy.submit(
        work(
            "h6",
            () ->
                onAnotherThread(
                    () -> {
                      endOne();
                      queue.tick();
                      assertThat(issued).endsWith("h6");
                      queue.tick();
                      assertThat(issued).endsWith("h6", "l1");
                    })));
    heavy.submit(work("h7", () -> {}));
    light.submit(work("l1", () -> {}));
    endOne();
    assertThat(issued).endsWith("h6", "l1");
    endOne();
    assertThat(issued).endsWith("h6", "l1", "h7");
  }
}
