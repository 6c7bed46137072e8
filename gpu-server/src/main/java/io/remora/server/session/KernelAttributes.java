// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.Domain.Cluster;
import io.remora.server.driver.Domain.Launch;
import io.remora.v1.LaunchAttribute;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a program has said of a kernel in a graph beside its launch. All but two are hints, and kept
 * for whoever asks. Immutable.
 *
 * @param values by {@code CUlaunchAttributeID}
 */
record KernelAttributes(Map<Integer, LaunchAttribute> values) {
  static final KernelAttributes NONE = new KernelAttributes(Map.of());

  /** {@code CU_LAUNCH_ATTRIBUTE_COOPERATIVE}. */
  static final int COOPERATIVE = 2;

  /** {@code CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION}. */
  static final int CLUSTER_DIMENSION = 4;

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
    List<LaunchAttribute> said = new ArrayList<>(2);
    if (kernel.launch().cooperative()) {
      said.add(attribute(COOPERATIVE, 1));
    }
    Cluster cluster = kernel.launch().cluster();
    if (!cluster.equals(Cluster.NONE)) {
      said.add(attribute(CLUSTER_DIMENSION, cluster.x(), cluster.y(), cluster.z()));
    }
    return said.isEmpty() ? kernel.attributes() : kernel.attributes().with(said);
  }

  private static LaunchAttribute attribute(int id, int... words) {
    ByteBuffer value =
        ByteBuffer.allocate(words.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    value.asIntBuffer().put(words);
    return LaunchAttribute.newBuilder().setId(id).setValue(ByteString.copyFrom(value)).build();
  }

  /** These and others, which replace those of the same number; as {@link #of}. */
  KernelAttributes with(List<LaunchAttribute> others) {
    LaunchCalls.Manner unused = LaunchCalls.manner(others);
    Map<Integer, LaunchAttribute> all = new TreeMap<>(values);
    others.forEach(each -> all.put(each.getId(), each));
    return new KernelAttributes(all);
  }

  List<LaunchAttribute> all() {
    return new ArrayList<>(new TreeMap<>(values).values());
  }

  /** The launch as they want it. */
  Launch applied(Launch launch) {
    LaunchCalls.Manner said = LaunchCalls.manner(all());
    boolean cooperative =
        values.containsKey(COOPERATIVE) ? said.cooperative() : launch.cooperative();
    Cluster cluster = values.containsKey(CLUSTER_DIMENSION) ? said.cluster() : launch.cluster();
    return cooperative == launch.cooperative() && cluster.equals(launch.cluster())
        ? launch
        : launch.with(cooperative, cluster);
  }
}
