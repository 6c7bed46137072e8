// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Opcodes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Writes {@code docs/ptx-instructions.md} out of what the compiler itself knows. */
public final class InstructionPage {
  /** How the page is renewed. */
  public static final String RENEW =
      "mvn -o -q -pl proto,client-shim,gpu-server verify -Dtest=InstructionPageTest"
          + " -Dremora.docs.renew=true -Dsurefire.failIfNoSpecifiedTests=false";

  /** Instructions of the PTX ISA up to 9.0 that aren't there, and why programs ask for them. */
  private static final Map<String, String> ABSENT =
      Map.ofEntries(
          Map.entry("clusterlaunchcontrol", "clusters that take over others' work (sm_100)"),
          Map.entry("istypep", "textures and surfaces"),
          Map.entry("multimem", "several GPUs at once"),
          Map.entry("sured", "textures and surfaces"),
          Map.entry("tcgen05", "tensor memory of sm_100a"),
          Map.entry("tensormap", "tensor maps (TMA)"),
          Map.entry("vabsdiff", "scalar video instructions"),
          Map.entry("vmad", "scalar video instructions"),
          Map.entry("vmax", "scalar video instructions"),
          Map.entry("vmin", "scalar video instructions"),
          Map.entry("vset", "scalar video instructions"),
          Map.entry("wgmma", "warp groups of sm_90a"));

  /** Branches and calls have no emitter; their forms are said here. */
  private static final Map<String, String> CONTROL =
      Map.of("bra", "uni", "brx", "idx uni", "exit", "", "ret", "uni");

  private InstructionPage() {}

  /** The page. */
  public static String text() {
    var lines = new ArrayList<String>();
    lines.add("# PTX instructions");
    lines.add("");
    lines.add("<!-- Generated from OpTable by InstructionPage. Renew it by:");
    lines.add("     " + RENEW + " -->");
    lines.add("");
    lines.add(
        "What the engine [`io.remora.ptx`](ptx.md) compiles. An instruction, a modifier or a"
            + " combination that isn't there is refused when");
    lines.add(
        "the module is loaded, with its line and name (`cuModuleLoadData` answers"
            + " `CUDA_ERROR_INVALID_PTX` or `CUDA_ERROR_NOT_SUPPORTED`); nothing is ignored"
            + " silently. Types are left out here.");
    lines.add("");
    Map<String, Set<String>> table = supported();
    lines.add("## Supported: " + table.size());
    lines.add("");
    lines.add("| instruction | modifiers |");
    lines.add("|---|---|");
    table.forEach((opcode, modifiers) -> lines.add(row(opcode, modifiers)));
    lines.add("");
    lines.add("## Not supported: " + ABSENT.size());
    lines.add("");
    lines.add("| instruction | belongs to |");
    lines.add("|---|---|");
    new TreeMap<>(ABSENT).forEach((opcode, why) -> lines.add("| `" + opcode + "` | " + why + " |"));
    lines.add("");
    return String.join("\n", lines);
  }

  private static String row(String opcode, Set<String> modifiers) {
    var shown = modifiers.stream().map(modifier -> "`." + modifier + "`").toList();
    return String.format(Locale.ROOT, "| `%s` | %s |", opcode, String.join(" ", shown));
  }

  private static Map<String, Set<String>> supported() {
    var table = new TreeMap<String, Set<String>>();
    for (String opcode : Opcodes.all()) {
      Set<String> modifiers = OpTable.modifiers(opcode);
      String control = CONTROL.get(opcode);
      if (control != null) {
        List<String> words = control.isEmpty() ? List.of() : Arrays.asList(control.split(" "));
        modifiers = Set.copyOf(words);
      }
      if (modifiers != null) {
        table.put(opcode, new TreeSet<>(modifiers));
      }
    }
    return table;
  }

  /** Instructions that the page says are absent. */
  static Set<String> absent() {
    return ABSENT.keySet();
  }
}
