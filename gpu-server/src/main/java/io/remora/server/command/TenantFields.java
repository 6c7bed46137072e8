// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.config.ByteSize;
import io.remora.config.Durations;
import io.remora.config.Moments;
import io.remora.server.tenant.CallGroups;
import io.remora.server.tenant.Tenant;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads the values of the options that describe a tenant. */
final class TenantFields {
  private static final String UNLIMITED = "unlimited";
  private static final Duration TIME_MAX = Duration.ofDays(1);

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

  static long size(String option, String text, long min, long max) {
    return ByteSize.parse(text)
        .filter(bytes -> bytes >= min && bytes <= max)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    option
                        + " must be "
                        + ByteSize.FORMS
                        + ", from "
                        + min
                        + " to "
                        + ByteSize.format(max)));
  }

  /** Bytes a second; 0 for no limit. */
  static long rate(String option, String text) {
    return text.equals(UNLIMITED) ? 0 : size(option, text, 1, Long.MAX_VALUE);
  }

  /** How long a kernel may run; zero for no limit. */
  static Duration kernelTime(String option, String text) {
    return text.equals(UNLIMITED) ? Duration.ZERO : timeout(option, text);
  }

  static Duration timeout(String option, String text) {
    return Durations.parse(text)
        .filter(time -> !time.isZero() && time.compareTo(TIME_MAX) <= 0)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    option + " must be " + Durations.FORMS + ", more than 0 and 24h at most"));
  }

  static Set<String> callGroups(String text) {
    Set<String> groups = new HashSet<>();
    List<String> known = CallGroups.load().names();
    for (String part : text.split(",", -1)) {
      if (!known.contains(part.strip())) {
        throw new IllegalArgumentException(
            "--calls has no group '" + part + "'; there are " + String.join(", ", known));
      }
      groups.add(part.strip());
    }
    return groups;
  }
}
