// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.ClusterRules;
import io.remora.ptx.ClusterShape;
import io.remora.ptx.LaunchShape;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The attributes of a kernel that are about clusters: what it was compiled for, and what a program
 * has set. Any thread may use it.
 */
final class ClusterSettings {
  /**
   * Beside CUDA's attributes: the most blocks that {@code .maxclusterrank} allows, 0 if it doesn't
   * say.
   */
  private static final int BLOCKS_MAX = 1000;

  // CUfunction_attribute.
  private static final int SIZE_MUST_BE_SET = 10;
  private static final int REQUIRED_WIDTH = 11;
  private static final int REQUIRED_DEPTH = 13;
  private static final int NON_PORTABLE_SIZE_ALLOWED = 14;
  private static final int SCHEDULING_POLICY_PREFERENCE = 15;
  private static final int LAST = 15;

  private static final int SCHEDULING_POLICY_LAST = 2;

  private final ClusterRules compiled;
  private final AtomicIntegerArray values = new AtomicIntegerArray(LAST + 1);

  ClusterSettings(ClusterRules compiled) {
    this.compiled = compiled;
    values.set(SIZE_MUST_BE_SET, compiled.explicit() ? 1 : 0);
    for (int i = 0; i < compiled.required().size(); i++) {
      values.set(REQUIRED_WIDTH + i, compiled.required().get(i));
    }
  }

  /** Whether an attribute is one of these. */
  static boolean has(int attribute) {
    return attribute >= SIZE_MUST_BE_SET && attribute <= LAST;
  }

  /** All of them, by number. */
  Map<Integer, Integer> all() {
    Map<Integer, Integer> all = new HashMap<>();
    for (int attribute = SIZE_MUST_BE_SET; attribute <= LAST; attribute++) {
      all.put(attribute, values.get(attribute));
    }
    all.put(BLOCKS_MAX, compiled.mostBlocks());
    return all;
  }

  /** Those that a program may have set. */
  Map<Integer, Integer> settings() {
    Map<Integer, Integer> all = all();
    all.keySet().removeIf(attribute -> refusal(attribute) != CUresult.CUDA_SUCCESS_VALUE);
    return all;
  }

  private int refusal(int attribute) {
    if (attribute >= REQUIRED_WIDTH && attribute <= REQUIRED_DEPTH) {
      return compiled.required().isEmpty()
          ? CUresult.CUDA_SUCCESS_VALUE
          : CUresult.CUDA_ERROR_NOT_PERMITTED_VALUE;
    }
    return attribute == NON_PORTABLE_SIZE_ALLOWED || attribute == SCHEDULING_POLICY_PREFERENCE
        ? CUresult.CUDA_SUCCESS_VALUE
        : CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
  }

  /**
   * {@code cuFuncSetAttribute}. The preferred order of blocks changes nothing: those of a cluster
   * run on one thread.
   */
  int set(int attribute, int value) {
    int refusal = refusal(attribute);
    if (refusal != CUresult.CUDA_SUCCESS_VALUE) {
      return refusal;
    }
    int most =
        attribute == NON_PORTABLE_SIZE_ALLOWED
            ? 1
            : attribute == SCHEDULING_POLICY_PREFERENCE
                ? SCHEDULING_POLICY_LAST
                : Integer.MAX_VALUE;
    if (value < 0 || value > most) {
      return CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
    }
    values.set(attribute, value);
    return CUresult.CUDA_SUCCESS_VALUE;
  }

  /**
   * The same launch with the clusters that it runs in.
   *
   * @throws DriverException {@code CUDA_ERROR_INVALID_CLUSTER_SIZE} if the kernel doesn't run so
   */
  LaunchShape applied(LaunchShape shape) {
    try {
      ClusterShape cluster = rules().of(shape);
      if (cluster.blocks() > ClusterShape.PORTABLE_BLOCKS
          && values.get(NON_PORTABLE_SIZE_ALLOWED) == 0) {
        throw invalid(
            "clusters of more than "
                + ClusterShape.PORTABLE_BLOCKS
                + " blocks must be allowed by cuFuncSetAttribute");
      }
      return shape.withCluster(cluster);
    } catch (IllegalArgumentException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  private ClusterRules rules() {
    int width = values.get(REQUIRED_WIDTH);
    int height = values.get(REQUIRED_WIDTH + 1);
    int depth = values.get(REQUIRED_DEPTH);
    // Only a kernel that wasn't compiled for clusters of one extent can have been given another.
    return (width | height | depth) == 0 || !compiled.required().isEmpty()
        ? compiled
        : new ClusterRules(
            List.of(width, height, depth), compiled.mostBlocks(), compiled.explicit());
  }

  static DriverException invalid(String detail) {
    return new DriverException(CUresult.CUDA_ERROR_INVALID_CLUSTER_SIZE_VALUE, detail);
  }
}
