// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.SessionImage;

/**
 * What one node of a graph allocates. It has its memory, and counts for the quota, from the making
 * of the node until nobody can use it any more: the graph, what was instantiated of it, or a
 * program that has not freed what a launch has allocated. Belongs to the session's serial executor.
 */
final class GraphMemory {
  private final SessionDevice device;
  private final Allocation allocation;
  private boolean inGraph = true;
  private boolean instantiated;
  private boolean allocated;
  private boolean gone;

  GraphMemory(SessionDevice device, Allocation allocation) {
    this.device = device;
    this.allocation = allocation;
  }

  SessionDevice device() {
    return device;
  }

  long address() {
    return allocation.address();
  }

  /** What the program asked for. */
  long bytes() {
    return allocation.bytes();
  }

  Allocation allocation() {
    return allocation;
  }

  /** What counts for the quota. */
  long blockBytes() {
    return allocation.blockBytes();
  }

  /** The graph that has the node is destroyed. */
  void graphEnds() {
    inGraph = false;
  }

  boolean isInstantiated() {
    return instantiated;
  }

  void setInstantiated(boolean now) {
    instantiated = now;
  }

  /** Whether a launch has allocated it, and nothing has freed it since. */
  boolean isAllocated() {
    return allocated;
  }

  void setAllocated(boolean now) {
    allocated = now;
  }

  /** Whether its context has taken it away. */
  boolean isGone() {
    return gone;
  }

  /** Its memory has been given back. */
  void setGone() {
    gone = true;
    allocated = false;
  }

  /** Whether nobody can use it any more. */
  boolean isUnused() {
    return !gone && !inGraph && !instantiated && !allocated;
  }

  SessionImage.GraphMemory image() {
    return SessionImage.GraphMemory.newBuilder()
        .setDevice(device.ordinal())
        .setAddress(allocation.address())
        .setBytes(allocation.bytes())
        .setBlockBytes(allocation.blockBytes())
        .setInGraph(inGraph)
        .setInstantiated(instantiated)
        .setAllocated(allocated)
        .setGone(gone)
        .build();
  }

  /** The memory as it was on another server; the device's allocations are as they were there. */
  static GraphMemory of(SessionDevice device, SessionImage.GraphMemory image) {
    Allocation there = image.getGone() ? null : device.memory().at(image.getAddress());
    if (there == null && !image.getGone()) {
      throw new IllegalArgumentException("a graph's memory must be allocated");
    }
    Allocation allocation =
        there != null
            ? there
            : new Allocation(
                image.getAddress(), image.getBytes(), image.getBlockBytes(), -1, 0, false);
    GraphMemory memory = new GraphMemory(device, allocation);
    memory.inGraph = image.getInGraph();
    memory.instantiated = image.getInstantiated();
    memory.allocated = image.getAllocated();
    memory.gone = image.getGone();
    if (there != null) {
      there.belongsTo(memory);
    }
    return memory;
  }
}
