// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.RegionPlan;
import java.util.BitSet;

/**
 * All decisions about one kernel, made before its code is written.
 *
 * @param unit its body
 * @param regions its division
 * @param kinds how registers are kept
 * @param crossing registers that live across blocks
 * @param slots where they are kept over suspensions
 * @param recomputation which are computed again instead
 * @param steps how registers change from thread to thread
 * @param kept which of them rows may keep once
 * @param lines its source lines
 */
record KernelPlan(
    CodeUnit unit,
    RegionPlan regions,
    KindVotes kinds,
    BitSet crossing,
    FrameSlots slots,
    Recomputation recomputation,
    RowSteps steps,
    KeptSteps kept,
    SourceLines lines) {}
