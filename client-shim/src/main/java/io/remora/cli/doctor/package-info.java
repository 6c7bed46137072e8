// SPDX-License-Identifier: Apache-2.0
/**
 * The checks of {@code remora doctor}, each of which finds out one thing and says what to do if it
 * isn't in order. A check prints nothing and changes nothing.
 *
 * <p>Start reading at {@link io.remora.cli.doctor.Check}.
 */
@NullMarked
package io.remora.cli.doctor;

import org.jspecify.annotations.NullMarked;
