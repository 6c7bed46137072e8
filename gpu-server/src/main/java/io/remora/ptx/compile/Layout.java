// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Variable;
import java.util.HashMap;
import java.util.Map;

/** Places variables one behind the other, each aligned as it asks. */
final class Layout {
  private final Map<Variable, Long> offsets = new HashMap<>();
  private long end;

  /** Places a variable, if it isn't placed yet, and returns its offset. */
  long place(Variable variable) {
    Long known = offsets.get(variable);
    if (known != null) {
      return known;
    }
    end = (end + variable.alignment() - 1) & -variable.alignment();
    long offset = end;
    offsets.put(variable, offset);
    end += variable.bytes();
    return offset;
  }

  /** Places a variable at an offset that is chosen elsewhere. */
  void alias(Variable variable, long offset) {
    offsets.put(variable, offset);
  }

  /** Length of all variables placed so far. */
  long bytes() {
    return end;
  }
}
