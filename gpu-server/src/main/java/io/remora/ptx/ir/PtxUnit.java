// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.List;
import java.util.Map;

/**
 * A whole module as it was read: every name resolved, nothing computed yet.
 *
 * @param version {@code .version} as major * 10 + minor
 * @param target first name of {@code .target}
 * @param functions kernels and functions by name, in the order of the text
 * @param variables module-scope variables in the order of the text
 * @param linkages how other modules see functions and variables, by name
 */
public record PtxUnit(
    int version,
    String target,
    Map<String, PtxFunction> functions,
    List<Variable> variables,
    Map<String, Variable.Linkage> linkages) {

  /** How other modules see a function or variable of this one. */
  public Variable.Linkage linkage(String name) {
    return linkages.getOrDefault(name, Variable.Linkage.PRIVATE);
  }
}
