// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.matrix;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A matrix that lies in the registers of a warp. Element {@code i} of lane {@code l} is the one at
 * {@code places[l * elementsPerLane + i]}, counted row by row. Elements may lie in several lanes.
 *
 * @param element what the elements are
 * @param rows rows
 * @param columns columns
 * @param words 32-bit words that each lane holds
 * @param places where each lane's elements belong
 */
public record Fragment(Element element, int rows, int columns, int words, int[] places) {
  /** Lanes of a warp. */
  public static final int LANES = 32;

  /** Says which row and column an element of a lane is; returns the place. */
  private interface Place {
    int of(int lane, int index);
  }

  /** Elements in the registers of one lane. */
  public int elementsPerLane() {
    return words * element.perWord() / element.words();
  }

  private static Fragment of(Element element, int rows, int columns, int words, Place place) {
    int count = words * element.perWord() / element.words();
    int[] places = new int[LANES * count];
    for (int lane = 0; lane < LANES; lane++) {
      for (int i = 0; i < count; i++) {
        places[lane * count + i] = place.of(lane, i);
      }
    }
    return new Fragment(element, rows, columns, words, places);
  }

  /**
   * A fragment of {@code wmma}, whose layout each device chooses: here lanes hold neighbours, row
   * by row, and begin again at the first when all elements are given out.
   */
  public static Fragment opaque(Element element, int rows, int columns, int words) {
    int count = words * element.perWord() / element.words();
    return of(element, rows, columns, words, (lane, i) -> (lane * count + i) % (rows * columns));
  }

  /** The left factor of {@code mma} with 8 or 16 rows (PTX ISA 9.7.14.5, the figures there). */
  public static Fragment left(Element element, int rows, int columns) {
    int perWord = element.perWord();
    int bands = rows / 8;
    int words = rows * columns * element.words() / perWord / LANES;
    return of(
        element,
        rows,
        columns,
        words,
        (lane, i) -> {
          int register = i / perWord;
          int row = lane / 4 + 8 * (register % bands);
          int column = lane % 4 * perWord + i % perWord + register / bands * 4 * perWord;
          return row * columns + column;
        });
  }

  /** The right factor of {@code mma} with 8 columns. */
  public static Fragment right(Element element, int rows, int columns) {
    int perWord = element.perWord();
    int words = rows * columns * element.words() / perWord / LANES;
    return of(
        element,
        rows,
        columns,
        words,
        (lane, i) -> {
          int row = lane % 4 * perWord + i % perWord + i / perWord * 4 * perWord;
          return row * columns + lane / 4;
        });
  }

  /** The summand and the result of {@code mma} with 8 columns. */
  public static Fragment accumulator(Element element, int rows, int columns) {
    int words = rows * columns * element.words() / element.perWord() / LANES;
    return of(
        element,
        rows,
        columns,
        words,
        (lane, i) -> (lane / 4 + 8 * (i / 2)) * columns + lane % 4 * 2 + i % 2);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Fragment that
        && element == that.element
        && rows == that.rows
        && columns == that.columns
        && words == that.words
        && Arrays.equals(places, that.places);
  }

  @Override
  public int hashCode() {
    return Objects.hash(element, rows, columns, words, Arrays.hashCode(places));
  }

  /**
   * Bits of element {@code i} among a lane's words; of 64-bit elements the index of the low word.
   */
  static int raw(Element element, int[] words, int first, int i) {
    int perWord = element.perWord();
    return words[first + i / perWord] >>> i % perWord * element.bits();
  }
}
