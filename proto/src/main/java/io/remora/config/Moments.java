// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/** Moments as people write them: a date, or a date and time with an offset from UTC. */
public final class Moments {
  /** What may be written, for messages. */
  public static final String FORMS = "a date like 2027-01-31 or a moment like 2027-01-31T12:00Z";

  private static final int DATE_LENGTH = 10;

  private Moments() {}

  /** Reads a moment; a date means its first moment in UTC. Empty if the text isn't one. */
  public static Optional<Instant> parse(String text) {
    try {
      return Optional.of(
          text.length() <= DATE_LENGTH
              ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
              : OffsetDateTime.parse(text).toInstant());
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
