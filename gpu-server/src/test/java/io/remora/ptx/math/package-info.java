// SPDX-License-Identifier: Apache-2.0
/**
 * Compares each function of PTX arithmetic with slow, exact references.
 *
 * <p>Start reading at {@link io.remora.ptx.math.Samples}.
 */
@NullMarked
package io.remora.ptx.math;

import org.jspecify.annotations.NullMarked;
