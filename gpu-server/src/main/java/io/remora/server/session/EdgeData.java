// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUgraphNodeType;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * When an edge of a graph lets its second node begin: {@code CUgraphEdgeData}. It is kept and given
 * back; here the second node always begins after the first one's end, as without.
 *
 * @param fromPort 0, or what a kernel has reached: 1 its trigger, 2 the begin of its last block
 * @param toPort 0, since no node has others
 * @param type 0, or 1 for kernels that may wait for the first one themselves
 */
record EdgeData(int fromPort, int toPort, int type) {
  private static final int BYTE = 0xff;
  private static final int PROGRAMMATIC_PORT = 1;
  private static final int LAUNCH_ORDER_PORT = 2;
  private static final int PROGRAMMATIC_TYPE = 1;

  static final EdgeData NONE = new EdgeData(0, 0, 0);

  /** A kernel that waits for another one itself, which may let it go before its end. */
  static final EdgeData PROGRAMMATIC = new EdgeData(PROGRAMMATIC_PORT, 0, PROGRAMMATIC_TYPE);

  /**
   * Reads it as it travels.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if no edge can have it
   */
  static EdgeData of(int packed) {
    if (packed == 0) {
      return NONE;
    }
    EdgeData data = new EdgeData(packed & BYTE, packed >>> 8 & BYTE, packed >>> 16);
    boolean possible =
        data.toPort == 0
            && (data.type == PROGRAMMATIC_TYPE
                ? data.fromPort == PROGRAMMATIC_PORT || data.fromPort == LAUNCH_ORDER_PORT
                : data.type == 0 && data.fromPort == LAUNCH_ORDER_PORT);
    if (!possible) {
      throw CallException.invalidValue("edges of graphs have no such ports and types");
    }
    return data;
  }

  /**
   * As {@link #of(int)} for a number of edges.
   *
   * @param packed as many, or none where no edge has data
   */
  static List<EdgeData> of(int[] packed, int edges) {
    if (packed.length == 0) {
      return Collections.nCopies(edges, NONE);
    }
    if (packed.length != edges) {
      throw CallException.invalidValue("every edge has data, or none has");
    }
    return IntStream.of(packed).mapToObj(EdgeData::of).toList();
  }

  int packed() {
    return fromPort | toPort << 8 | type << 16;
  }

  /** All as they travel; nothing if no edge has data. */
  static int[] packed(Collection<EdgeData> all) {
    return all.stream().allMatch(NONE::equals)
        ? new int[0]
        : all.stream().mapToInt(EdgeData::packed).toArray();
  }

  /**
   * Checks that an edge between two nodes can have it.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE}
   */
  void check(GraphNode from, GraphNode to) {
    boolean possible =
        (fromPort == 0 || isKernel(from)) && (type != PROGRAMMATIC_TYPE || isKernel(to));
    if (!possible) {
      throw CallException.invalidValue("only kernels have ports, and programmatic dependencies");
    }
  }

  static boolean isKernel(GraphNode node) {
    return node.type() == CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL_VALUE;
  }
}
