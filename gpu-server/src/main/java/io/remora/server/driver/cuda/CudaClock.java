// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import java.util.function.LongSupplier;

/** The time of the server's machine, by which it waits for its GPUs, in nanoseconds. */
final class CudaClock implements LongSupplier {
  @Override
  public long getAsLong() {
    return System.nanoTime();
  }
}
