// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import io.remora.ptx.ClusterRules;
import java.util.List;
import java.util.Map;

/**
 * A kernel or a device function.
 *
 * @param name its symbol
 * @param isKernel whether it is an {@code .entry}
 * @param results its results, in {@code .param} space
 * @param parameters its parameters, in {@code .param} space
 * @param hasBody whether it is defined here; otherwise the rest is empty
 * @param code its instructions
 * @param labels index of the instruction that follows each label
 * @param tables label lists of {@code .branchtargets} and names of {@code .calltargets}
 * @param prototypes shapes of {@code .callprototype}
 * @param registers all its registers, by id
 * @param variables all variables declared inside, and its parameters and results
 * @param maxThreads x, y, z of {@code .maxntid}; empty if absent
 * @param requiredThreads x, y, z of {@code .reqntid}; empty if absent
 * @param clusters what a kernel says of clusters
 * @param line line of its declaration
 * @param column column of its declaration
 */
public record PtxFunction(
    String name,
    boolean isKernel,
    List<Variable> results,
    List<Variable> parameters,
    boolean hasBody,
    List<Instruction> code,
    Map<String, Integer> labels,
    Map<String, List<String>> tables,
    Map<String, Prototype> prototypes,
    List<Register> registers,
    List<Variable> variables,
    List<Integer> maxThreads,
    List<Integer> requiredThreads,
    ClusterRules clusters,
    int line,
    int column) {

  /**
   * What an indirect call's target must look like.
   *
   * @param results sizes of the results in bytes
   * @param parameters sizes of the parameters in bytes
   */
  public record Prototype(List<Long> results, List<Long> parameters) {}

  /** A copy with other instructions, as many as before. */
  public PtxFunction with(List<Instruction> others) {
    return new PtxFunction(
        name,
        isKernel,
        results,
        parameters,
        hasBody,
        others,
        labels,
        tables,
        prototypes,
        registers,
        variables,
        maxThreads,
        requiredThreads,
        clusters,
        line,
        column);
  }

  /** The shape of this function. */
  public Prototype prototype() {
    return new Prototype(
        results.stream().map(Variable::bytes).toList(),
        parameters.stream().map(Variable::bytes).toList());
  }
}
