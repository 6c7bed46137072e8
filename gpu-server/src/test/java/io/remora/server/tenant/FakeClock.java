// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still until it is set. */
final class FakeClock implements InstantSource {
  private Instant now = Instant.parse("2026-11-01T00:00:00Z");

  @Override
  public Instant instant() {
    return now;
  }

  void set(String moment) {
    now = Instant.parse(moment);
  }
}
