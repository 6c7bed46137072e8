// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import java.util.function.LongSupplier;

/** The one place of the command line that measures time. */
public final class MonotonicClock implements LongSupplier {
  /** Nanoseconds since some moment. */
  @Override
  public long getAsLong() {
    return System.nanoTime();
  }
}
