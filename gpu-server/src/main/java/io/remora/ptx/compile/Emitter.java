// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;

/** Writes the code of one instruction, without its guard. */
interface Emitter {
  /** Writes it, or refuses. */
  void emit(Instruction at, Code code) throws PtxException;
}
