// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Guesses which of several words was meant by a mistyped one. */
final class NearestMatch {
  private NearestMatch() {}

  /** The closest word, if it is close enough to be a typing mistake. */
  static Optional<String> of(String typed, Collection<String> words) {
    String best = null;
    int bestDistance = Integer.MAX_VALUE;
    for (String word : words) {
      int distance = distance(typed.toLowerCase(Locale.ROOT), word.toLowerCase(Locale.ROOT));
      if (distance < bestDistance) {
        best = word;
        bestDistance = distance;
      }
    }
    return best != null && bestDistance <= Math.max(1, best.length() / 3)
        ? Optional.of(best)
        : Optional.empty();
  }

  /** Letters to add, leave out, change, or swap with their neighbour. */
  private static int distance(String from, String to) {
    int[][] distances = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        distances[i][j] = i == 0 || j == 0 ? i + j : step(distances, from, to, i, j);
      }
    }
    return distances[from.length()][to.length()];
  }

  private static int step(int[][] distances, String from, String to, int i, int j) {
    int change = distances[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
    int best = Math.min(change, Math.min(distances[i - 1][j], distances[i][j - 1]) + 1);
    boolean swapped =
        i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1);
    return swapped ? Math.min(best, distances[i - 2][j - 2] + 1) : best;
  }
}
