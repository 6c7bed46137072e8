// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import static org.assertj.core.api.Assertions.assertThat;

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

  private static SimulationFigures run(PoolSimulation.Size size, long seed) {
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
      SimulationFigures figures = run(full ? FULL : SMALL, seed);
      assertThat(figures.deaths).isPositive();
      assertThat(figures.cuts).isPositive();
      assertThat(figures.spanning).isPositive();
      assertThat(figures.partitions).isPositive();
      assertThat(figures.upgrades).isPositive();
      assertThat(figures.moved).isPositive();
      assertThat(figures.resumed).isPositive();
      assertThat(figures.lostByGrace).isPositive();
      assertThat(figures.finished).isGreaterThan(full ? 50_000 : 400);
      if (full) {
        System.out.println(figures.words((System.nanoTime() - begun) / 1e9));
      }
    }
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    PoolSimulation.Size tiny = new PoolSimulation.Size(10, 2, 50, 500, 60);
    SimulationFigures one = run(tiny, 7);
    SimulationFigures two = run(tiny, 7);
    assertThat(one.steps).isEqualTo(two.steps);
    assertThat(one.placedNanos).isEqualTo(two.placedNanos);
  }
}
