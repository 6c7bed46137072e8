// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import java.util.function.LongSupplier;

/** The server's clock for measuring spans: {@link System#nanoTime}. */
final class ServerClock implements LongSupplier {
  @Override
  public long getAsLong() {
    return System.nanoTime();
  }
}
