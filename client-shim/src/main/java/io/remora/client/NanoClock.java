// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

/** Time for measuring how long something took. */
@FunctionalInterface
interface NanoClock {
  /** Nanoseconds since some moment of the past. */
  long nanos();

  /** The machine's clock. */
  static NanoClock system() {
    return System::nanoTime;
  }
}
