// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The groups of the call table by which an operator says what a tenant may call. A group's name is
 * its heading in docs/api-coverage.md in small letters with dashes. Calls of Remora's own belong to
 * what they serve and are always allowed.
 */
public final class CallGroups {
  private static final String OWN = "remora";

  private final Map<String, BitSet> numbers = new HashMap<>();

  private CallGroups(List<CallEntry> entries) {
    for (CallEntry entry : entries) {
      numbers.computeIfAbsent(nameOf(entry.group()), name -> new BitSet()).set(entry.number());
    }
    numbers.remove(OWN);
  }

  /** The groups of this build's call table. */
  public static CallGroups load() {
    return new CallGroups(CallTable.load().onWire());
  }

  private static String nameOf(String heading) {
    return heading.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }

  /** All names, in order. */
  public List<String> names() {
    return numbers.keySet().stream().sorted().toList();
  }

  /** The numbers of calls that are refused to who may call these groups; none if it is empty. */
  BitSet refused(Set<String> allowed) {
    BitSet refused = new BitSet();
    if (!allowed.isEmpty()) {
      numbers.forEach(
          (name, calls) -> {
            if (!allowed.contains(name)) {
              refused.or(calls);
            }
          });
    }
    return refused;
  }
}
