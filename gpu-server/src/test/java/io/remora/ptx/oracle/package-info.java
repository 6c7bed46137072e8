// SPDX-License-Identifier: Apache-2.0
/**
 * An interpreter of parsed PTX, slow and written from the manual alone, and random programs that it
 * and the compiler must agree on. It shares the parser with the engine, but none of its arithmetic:
 * integers and floats are big numbers here. Start reading at {@link io.remora.ptx.oracle.Machine}.
 */
@NullMarked
package io.remora.ptx.oracle;

import org.jspecify.annotations.NullMarked;
