// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Register;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** The slots in which registers of one kernel survive a suspension, by kind. */
final class FrameSlots {
  private final Map<Integer, Integer> slots = new HashMap<>();
  private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);

  int of(Register register, Kind kind) {
    Integer slot = slots.get(register.id());
    if (slot == null) {
      slot = counts.getOrDefault(kind, 0);
      counts.put(kind, slot + 1);
      slots.put(register.id(), slot);
    }
    return slot;
  }

  int count(Kind kind) {
    return counts.getOrDefault(kind, 0);
  }
}
