// SPDX-License-Identifier: Apache-2.0
/**
 * The model of a PTX module and what is computed from it: types, registers, instructions, the
 * control flow graph, liveness, and the regions between suspension points. Nothing here knows how
 * text is read or how code is made. Start reading at {@link io.remora.ptx.ir.PtxUnit}.
 */
@NullMarked
package io.remora.ptx.ir;

import org.jspecify.annotations.NullMarked;
