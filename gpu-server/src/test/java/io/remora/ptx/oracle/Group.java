// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;

/** Instructions of one kind. */
interface Group {
  /** Executes an instruction; false, with nothing done, if it is of another group. */
  boolean execute(Instruction at, Lane lane);
}
