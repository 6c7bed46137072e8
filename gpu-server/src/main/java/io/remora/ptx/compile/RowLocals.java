// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

/**
 * Locals of a row form's method that describe the row, or the part of one, that runs.
 *
 * @param first its first thread
 * @param end the thread behind it
 * @param span its threads, minus one
 * @param delta what a thread's number is above its {@code %tid.x}: number of the row's first thread
 * @param whole whether it is a whole row, not a part of one
 * @param wideThread number of the thread that runs, in 64 bits
 */
record RowLocals(int first, int end, int span, int delta, int whole, int wideThread) {}
