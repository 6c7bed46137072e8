// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.List;

/**
 * A basic block: instructions without control flow, then one terminator.
 *
 * @param code the instructions
 * @param terminator how it ends
 */
public record Block(List<Instruction> code, Terminator terminator) {}
