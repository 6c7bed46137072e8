// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.management.ThreadMXBean;
import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a launch costs from the driver's interface to the return of {@code cuLaunchKernel}, on the
 * null driver, and what it allocates. A program for people: {@code java -cp TEST_CLASS_PATH
 * io.remora.server.driver.cuda.LaunchCost}, in gpu-server.
 */
final class LaunchCost {
  private static final int ROUNDS = 25;
  private static final int LAUNCHES = 200_000;

  /** Few enough that the driver always takes them at once. */
  private static final int BURST = 256;

  private LaunchCost() {}

  public static void main(String[] arguments) {
    try (CudaBench bench = new CudaBench(NullDriver.open())) {
      CudaBench.Session session = bench.session();
      Domain.FunctionDescription function =
          session.module.functions().stream()
              .filter(each -> each.name().equals("null_fill"))
              .findFirst()
              .orElseThrow();
      ByteBuffer parameters =
          ByteBuffer.allocate(16)
              .order(ByteOrder.nativeOrder())
              .putLong(session.memory())
              .putInt(1)
              .putInt(1)
              .flip();
      Domain.Launch launch =
          new Domain.Launch(function.function(), 1, 1, 1, 32, 1, 1, 0, false, parameters);
      double[] nanos = new double[ROUNDS];
      double[] bytes = new double[ROUNDS];
      for (int round = 0; round < ROUNDS; round++) {
        measure(session, launch, round, nanos, bytes);
      }
      report(nanos, bytes);
    }
  }

  private static void measure(
      CudaBench.Session session, Domain.Launch launch, int round, double[] nanos, double[] bytes) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    AtomicLong ended = new AtomicLong();
    WorkObserver observer = (result, deviceNanos) -> ended.incrementAndGet();
    NullDriver.control("counts");
    long allocated = threads.getCurrentThreadAllocatedBytes();
    long inside = 0;
    for (int done = 0; done < LAUNCHES; done += BURST) {
      long begin = System.nanoTime();
      for (int i = 0; i < BURST; i++) {
        session.domain.launch(session.stream, launch, observer);
      }
      inside += System.nanoTime() - begin;
      while (ended.get() < done + BURST) {
        Thread.onSpinWait();
      }
    }
    int launches = (LAUNCHES + BURST - 1) / BURST * BURST;
    if (NullDriver.calls("cuLaunchKernel") != launches) {
      throw new AssertionError("the null driver has counted other launches");
    }
    nanos[round] = (double) inside / launches;
    bytes[round] = (double) (threads.getCurrentThreadAllocatedBytes() - allocated) / launches;
  }

  private static void report(double[] nanos, double[] bytes) {
    // The first rounds are the compiler's.
    double[] settled = Arrays.copyOfRange(nanos, ROUNDS / 2, ROUNDS);
    Arrays.sort(settled);
    System.out.printf(
        Locale.ROOT,
        "launch on the null driver: median %.0f ns, %.0f to %.0f; %.2f bytes allocated for each;"
            + " events recorded %d, queried %d%n",
        settled[settled.length / 2],
        settled[0],
        settled[settled.length - 1],
        bytes[ROUNDS - 1],
        NullDriver.calls("cuEventRecord"),
        NullDriver.calls("cuEventQuery"));
  }
}
