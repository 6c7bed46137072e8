// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

/**
 * Questions that compiled kernels ask once for a row of threads instead of for each of them: the
 * threads' values differ by a constant step, so that the first and the last one tell of all. A
 * row's step times its length is far below 2^32; see the compiler's {@code RowSteps}.
 */
public final class Ranges {
  /** Rows whose accesses lie further apart are checked thread by thread. */
  private static final long MAX_BYTES = 1 << 20;

  private Ranges() {}

  /** Whether a signed 32-bit value goes from first to last without wrapping around. */
  public static boolean isSteadySigned(int first, int last, int step, int span) {
    return (long) last - first == (long) step * span;
  }

  /** Whether an unsigned 32-bit value goes from first to last without wrapping around. */
  public static boolean isSteadyUnsigned(int first, int last, int step, int span) {
    return Integer.toUnsignedLong(last) - Integer.toUnsignedLong(first) == (long) step * span;
  }

  /** Whether two signed values that change steadily are different in the whole row. */
  public static boolean isApart(int firstA, int lastA, int firstB, int lastB) {
    long first = (long) firstA - firstB;
    long last = (long) lastA - lastB;
    return first > 0 && last > 0 || first < 0 && last < 0;
  }

  /**
   * Whether all accesses of a row to global memory are aligned and in valid pages.
   *
   * @param first address of the first thread
   * @param last address of the last one
   * @param step a multiple of the alignment
   * @param span threads in the row, minus one
   * @param offset added to the addresses
   * @param bytes length of what each thread accesses there
   * @param alignment of each access, minus one
   */
  public static boolean isGlobal(
      DeviceMemory memory,
      long first,
      long last,
      int step,
      int span,
      long offset,
      int bytes,
      int alignment) {
    long low = Math.min(first, last) + offset;
    long high = Math.max(first, last) + offset + bytes - 1;
    if (last - first != (long) step * span
        || (low & alignment) != 0
        || high - low > MAX_BYTES
        || (((low ^ memory.base) | (high ^ memory.base)) & memory.outsideMask) != 0) {
      return false;
    }
    long page = low >>> DeviceMemory.PAGE_SHIFT;
    long end = high >>> DeviceMemory.PAGE_SHIFT;
    return Raw.UNSAFE.getByte(memory.pageTable + page) != 0
        && (page == end || areValid(memory.pageTable + page, (int) (end - page)));
  }

  /** Whether the pages behind the first are valid: most rows lie in one page. */
  private static boolean areValid(long table, int more) {
    for (int i = 1; i <= more; i++) {
      if (Raw.UNSAFE.getByte(table + i) == 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether all accesses of a row to shared memory are aligned and inside.
   *
   * @param outside the bits that no offset in the memory has; the others as for {@link #isGlobal}
   */
  public static boolean isShared(
      long outside,
      long first,
      long last,
      int step,
      int span,
      long offset,
      int bytes,
      int alignment) {
    long low = Math.min(first, last) + offset;
    long high = Math.max(first, last) + offset + bytes - 1;
    return last - first == (long) step * span
        && (low & alignment) == 0
        && ((low | high) & outside) == 0;
  }
}
