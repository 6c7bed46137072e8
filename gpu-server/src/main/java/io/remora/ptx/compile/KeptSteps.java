// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.exec.KeptRegister;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.RegionPlan;
import io.remora.ptx.ir.Register;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The registers with steps that live from region to region: a row of threads may keep each of them
 * once, for its first thread. They have numbers, so that a few bits say which of them a row does.
 */
final class KeptSteps {
  private static final int MOST = Long.SIZE;

  private final RowSteps steps;
  private final KindVotes kinds;
  private final Map<Register, Integer> numbers = new LinkedHashMap<>();

  KeptSteps(
      Flow flow,
      RegionPlan regions,
      List<Register> registers,
      RowSteps steps,
      KindVotes kinds,
      Recomputation recomputation) {
    this.steps = steps;
    this.kinds = kinds;
    var alive = new BitSet();
    for (RegionPlan.Region region : regions.regions()) {
      if (region.number() != 0) {
        alive.or(flow.liveIn(region.entry()));
      }
    }
    for (Register register : registers) {
      boolean isKept =
          alive.get(register.id())
              && register.type().bits() >= 32
              && isLinear(register)
              && !recomputation.covers(register.id());
      if (isKept && numbers.size() < MOST) {
        numbers.put(register, numbers.size());
      }
    }
  }

  /** Whether a register has a step, and arithmetic on what it is kept as follows it. */
  boolean isLinear(Register register) {
    long step = steps.of(register);
    Kind kind = kinds.kind(register);
    return step == 0
        || step != RowSteps.VARYING
            && register.type().bits() >= 32
            && (kind == Kind.INT || kind == Kind.LONG);
  }

  boolean isEmpty() {
    return numbers.isEmpty();
  }

  boolean has(Register register) {
    return numbers.containsKey(register);
  }

  /** The bits of some registers; those that have none are left out. */
  long mask(Iterable<Register> registers) {
    long mask = 0;
    for (Register register : registers) {
      Integer number = numbers.get(register);
      if (number != null) {
        mask |= 1L << number;
      }
    }
    return mask;
  }

  /** Where they are, in the order of their numbers. */
  List<KeptRegister> places(FrameSlots slots) {
    var places = new ArrayList<KeptRegister>();
    for (Register register : numbers.keySet()) {
      Kind kind = kinds.kind(register);
      places.add(
          new KeptRegister(
              KeptRegister.Place.valueOf(kind.name()),
              slots.of(register, kind),
              (int) steps.of(register)));
    }
    return places;
  }
}
