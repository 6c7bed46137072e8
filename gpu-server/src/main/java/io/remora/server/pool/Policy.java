// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which of the members that have room gets a session. */
public enum Policy {
  /** The fullest: others stay free for sessions that want much. */
  PACK,
  /** The one with the fewest sessions on a device. */
  SPREAD,
  /** The one whose devices work least and whose queues are shortest. */
  LEAST_LOADED;

  /** The word for it in files, options and messages. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The policy of a word. */
  public static Optional<Policy> of(String word) {
    return Arrays.stream(values()).filter(each -> each.word().equals(word)).findFirst();
  }

  /** All words. */
  public static List<String> words() {
    return Arrays.stream(values()).map(Policy::word).toList();
  }
}
