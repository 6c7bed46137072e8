// SPDX-License-Identifier: Apache-2.0
/** The call table's model and the generator. */
@NullMarked
package io.remora.calls;

import org.jspecify.annotations.NullMarked;
