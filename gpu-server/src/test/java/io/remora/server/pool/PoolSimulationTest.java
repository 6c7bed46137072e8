// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * A pool in which members die and networks break, with invariants after every step. {@code
 * -Dremora.pool.seed=N} runs one seed, {@code -Dremora.pool.full=true} the full size.
 */
final class PoolSimulationTest {
  private static final PoolSimulation.Size SMALL = new PoolSimulation.Size(24, 3, 240, 1200, 90);
  private static final PoolSimulation.Size FULL =
      new PoolSimulation.Size(1000, 16, 10_000, 100_000, 300);
  private static final int SEEDS = 2;

  private static PoolSimulation.Figures run(PoolSimulation.Size size, long seed) {
    try {
      return new PoolSimulation(size, seed).run();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("run it again with -Dremora.pool.seed=" + seed, e);
    }
  }

  @Test
  void nothingIsPromisedTwiceAndNobodyEndsWithoutAWord() {
    Long only = Long.getLong("remora.pool.seed");
    boolean full = Boolean.getBoolean("remora.pool.full");
    long first = only == null ? 1 : only;
    for (long seed = first; seed < first + (only == null && !full ? SEEDS : 1); seed++) {
      long begun = System.nanoTime();
      PoolSimulation.Figures figures = run(full ? FULL : SMALL, seed);
      assertThat(figures.deaths).isPositive();
      assertThat(figures.cuts).isPositive();
      assertThat(figures.spanning).isPositive();
      assertThat(figures.finished).isGreaterThan(full ? 50_000 : 500);
      if (full) {
        System.out.println(words(figures, System.nanoTime() - begun));
      }
    }
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    PoolSimulation.Size tiny = new PoolSimulation.Size(10, 2, 50, 500, 60);
    PoolSimulation.Figures one = run(tiny, 7);
    PoolSimulation.Figures two = run(tiny, 7);
    assertThat(one.steps).isEqualTo(two.steps);
    assertThat(one.placedNanos).isEqualTo(two.placedNanos);
  }

  private static String words(PoolSimulation.Figures figures, long nanos) {
    double imbalance =
        figures.imbalances.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    return String.format(
        Locale.ROOT,
        "%d finished, %d refused, %d lost with their member; %d deaths, %d cuts, %d drains, %d"
            + " retries; time to a session p50 %d us, p99 %d us; imbalance %.2f; %d steps in %.1f s",
        figures.finished,
        figures.refused,
        figures.lost,
        figures.deaths,
        figures.cuts,
        figures.drains,
        figures.retries,
        figures.quantileMicros(0.5),
        figures.quantileMicros(0.99),
        imbalance,
        figures.steps,
        nanos / 1e9);
  }
}
