// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.remote.DeviceAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.Pointer;
import jcuda.driver.CUfunction;

/**
 * Launches and reads on a thread of its own without a pause, while a test does something to the
 * session: a launch that is lost, doubled or out of order makes another number.
 */
final class BusyProgram {
  private static final int LAUNCHES_A_ROUND = 200;
  private static final int FACTOR = 5;
  private static final int END_SECONDS_MAX = 20;

  private final TestSession session;
  private final CUfunction step;
  private final DeviceAddress value;
  private final AtomicBoolean enough = new AtomicBoolean();
  private final CompletableFuture<Integer> running;

  BusyProgram(TestSession session) {
    this.session = session;
    step = session.function("small", "multiplyThenAdd");
    value = session.allocateZeros(Integer.BYTES);
    running = CompletableFuture.supplyAsync(this::run);
  }

  private int run() {
    session.enter();
    int host = 0;
    int summand = 0;
    while (!enough.get()) {
      for (int i = 0; i < LAUNCHES_A_ROUND; i++, summand++) {
        session.expectSuccess(
            session.launchOne(
                step,
                null,
                Pointer.to(value),
                TestSession.parameter(FACTOR),
                TestSession.parameter(summand)));
        host = host * FACTOR + summand;
      }
      assertThat(session.readInt(value)).isEqualTo(host);
    }
    return host;
  }

  /** Whether it has found nothing wrong so far. */
  boolean isRunning() {
    return !running.isDone();
  }

  /** Ends it, and checks what it has found and left. */
  void end() throws Exception {
    enough.set(true);
    int last = running.get(END_SECONDS_MAX, TimeUnit.SECONDS);
    assertThat(session.readInt(value)).isEqualTo(last);
  }
}
