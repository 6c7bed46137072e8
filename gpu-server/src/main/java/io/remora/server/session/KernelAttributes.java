// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.Domain.Launch;
import io.remora.v1.LaunchAttribute;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a program has said of a kernel in a graph beside its launch. All but one are hints, and kept
 * for whoever asks. Immutable.
 *
 * @param values by {@code CUlaunchAttributeID}
 */
record KernelAttributes(Map<Integer, LaunchAttribute> values) {
  static final KernelAttributes NONE = new KernelAttributes(Map.of());

  /** {@code CU_LAUNCH_ATTRIBUTE_COOPERATIVE}. */
  static final int COOPERATIVE = 2;

  KernelAttributes {
    values = Map.copyOf(values);
  }

  /**
   * Attributes of a launch.
   *
   * @throws CallException {@code CUDA_ERROR_NOT_SUPPORTED} for one that would change the meaning
   */
  static KernelAttributes of(List<LaunchAttribute> attributes) {
    return attributes.isEmpty() ? NONE : NONE.with(attributes);
  }

  /** All that a kernel has, also what only its launch says. */
  static KernelAttributes of(NodeWork.Kernel kernel) {
    if (!kernel.launch().cooperative()) {
      return kernel.attributes();
    }
    ByteString yes = ByteString.copyFrom(new byte[] {1, 0, 0, 0});
    return kernel
        .attributes()
        .with(List.of(LaunchAttribute.newBuilder().setId(COOPERATIVE).setValue(yes).build()));
  }

  /** These and others, which replace those of the same number; as {@link #of}. */
  KernelAttributes with(List<LaunchAttribute> others) {
    boolean unused = LaunchCalls.cooperative(others);
    Map<Integer, LaunchAttribute> all = new TreeMap<>(values);
    others.forEach(each -> all.put(each.getId(), each));
    return new KernelAttributes(all);
  }

  List<LaunchAttribute> all() {
    return new ArrayList<>(new TreeMap<>(values).values());
  }

  /** The launch as they want it. */
  Launch applied(Launch launch) {
    LaunchAttribute said = values.get(COOPERATIVE);
    boolean cooperative =
        said == null ? launch.cooperative() : LaunchCalls.cooperative(List.of(said));
    return cooperative == launch.cooperative()
        ? launch
        : new Launch(
            launch.function(),
            launch.gridX(),
            launch.gridY(),
            launch.gridZ(),
            launch.blockX(),
            launch.blockY(),
            launch.blockZ(),
            launch.sharedBytes(),
            cooperative,
            launch.parameters());
  }
}
