// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.config.ByteSize;
import io.remora.config.Durations;
import io.remora.config.Moments;
import io.remora.server.tenant.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

/** Reads the values of the options that describe a tenant. */
final class TenantFields {
  private TenantFields() {}

  static String name(String text) {
    if (!Tenant.isName(text)) {
      throw new IllegalArgumentException("a tenant's name must be " + Tenant.NAME_FORM);
    }
    return text;
  }

  static int between(String option, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(option + " must be from " + min + " to " + max);
    }
    return value;
  }

  static long memory(String text) {
    return ByteSize.parse(text)
        .orElseThrow(() -> new IllegalArgumentException("--memory must be " + ByteSize.FORMS));
  }

  static Set<Integer> devices(String text) {
    Set<Integer> devices = new HashSet<>();
    for (String part : text.split(",", -1)) {
      try {
        int ordinal = Integer.parseInt(part.strip());
        devices.add(between("--devices", ordinal, 0, Tenant.DEVICE_MAX));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("--devices must be ordinals, like 0 or 0,2", e);
      }
    }
    return devices;
  }

  /** A moment, or a time from now. */
  static Instant expiry(String text, Instant now) {
    return Durations.parse(text)
        .map(now::plus)
        .or(() -> Moments.parse(text))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "--expires must be " + Moments.FORMS + ", or " + Durations.FORMS));
  }

  static Duration grace(String text) {
    return Durations.parse(text)
        .orElseThrow(() -> new IllegalArgumentException("--grace must be " + Durations.FORMS));
  }
}
