// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import java.util.function.LongSupplier;

/** The clock of a software device that isn't under test. */
final class DeviceClock implements LongSupplier {
  @Override
  public long getAsLong() {
    return System.nanoTime();
  }
}
