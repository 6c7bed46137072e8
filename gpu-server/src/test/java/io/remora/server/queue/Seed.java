// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.SplittableRandom;

/** Random numbers of a test: a new seed each run, printed, or the one given by {@code -Dseed=}. */
final class Seed {
  private Seed() {}

  static SplittableRandom random() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("seed " + seed);
    return new SplittableRandom(seed);
  }
}
