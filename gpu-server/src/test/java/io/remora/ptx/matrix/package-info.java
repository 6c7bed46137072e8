// SPDX-License-Identifier: Apache-2.0
/** Tests of matrix products. */
@NullMarked
package io.remora.ptx.matrix;

import org.jspecify.annotations.NullMarked;
