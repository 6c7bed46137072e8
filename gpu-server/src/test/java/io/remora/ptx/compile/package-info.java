// SPDX-License-Identifier: Apache-2.0
/** Tests of the compiler's own tables. */
@NullMarked
package io.remora.ptx.compile;

import org.jspecify.annotations.NullMarked;
