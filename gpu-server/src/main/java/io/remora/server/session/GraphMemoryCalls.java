// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Answers;
import io.remora.v1.CUgraphMem_attribute;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUmemAllocationType;
import io.remora.v1.CUmemLocationType;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Memory that nodes of graphs allocate and free. Belongs to the session's serial executor. */
final class GraphMemoryCalls {
  private static final int PINNED = CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED_VALUE;
  private static final int DEVICE = CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE_VALUE;
  private static final int ALLOCATION = CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEM_ALLOC_VALUE;
  private static final int RELEASE = CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEM_FREE_VALUE;

  /** {@code CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH}. */
  private static final long FREE_ON_LAUNCH = 1;

  private final ClientSession session;
  private final MemoryCalls memory;

  /** What graphs have of each device. */
  private final Map<SessionDevice, Use> uses = new HashMap<>();

  GraphMemoryCalls(ClientSession session, MemoryCalls memory) {
    this.session = session;
    this.memory = memory;
  }

  /** Bytes of graphs on one device: what they hold, and what launches have allocated of it. */
  private static final class Use {
    private long used;
    private long usedHigh;
    private long reserved;
    private long reservedHigh;

    void reserve(long bytes) {
      reserved += bytes;
      reservedHigh = Math.max(reservedHigh, reserved);
    }

    void use(long bytes) {
      used += bytes;
      usedHigh = Math.max(usedHigh, used);
    }
  }

  private Use use(SessionDevice device) {
    return uses.computeIfAbsent(device, key -> new Use());
  }

  /** What {@code CUmemPoolProps} says. */
  record Properties(int allocationType, int handleTypes, int locationType, int ordinal) {}

  void addNode(
      SessionCall call,
      long handle,
      long graphHandle,
      Map<GraphNode, EdgeData> before,
      Properties properties,
      long bytes) {
    SessionObjects objects = session.objects();
    objects.checkCreatable(objects.graphNodes(), handle);
    SessionGraph graph = objects.graph(graphHandle);
    if (properties.handleTypes() != 0 || properties.locationType() != DEVICE) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "graphs allocate memory of devices, which can't be shared between processes");
    }
    if (properties.allocationType() != PINNED) {
      throw CallException.invalidValue("graphs allocate pinned memory only");
    }
    SessionDevice device = objects.device(properties.ordinal());
    VirtualContext context = call.context();
    memory.allocateForGraph(
        device,
        bytes,
        context.device() == device ? context.handle() : device.ordinal(),
        allocation -> {
          GraphMemory made = make(device, allocation);
          try {
            objects.checkCreatable(objects.graphNodes(), handle);
            GraphNode node = graph.add(handle, 0, new NodeWork.MemoryAllocation(made), before);
            objects.create(objects.graphNodes(), handle, node);
            Answers.remoraGraphAddAllocation(call, made.address());
          } catch (CallException refused) {
            made.graphEnds();
            giveBackIfUnused(made);
            call.fail(refused.result(), refused.detail());
          }
        },
        refused -> call.fail(refused.result(), refused.detail()));
  }

  /** Makes a node of an allocation on a stream that is capturing. */
  void capture(SessionCall call, SessionStream stream, long bytes) {
    VirtualContext context = stream.context();
    memory.allocateForGraph(
        context.device(),
        bytes,
        context.handle(),
        allocation -> {
          GraphMemory made = make(context.device(), allocation);
          try {
            session.captures().record(stream, new NodeWork.MemoryAllocation(made));
            Answers.cuMemAllocAsync(call, made.address());
          } catch (CallException refused) {
            made.graphEnds();
            giveBackIfUnused(made);
            call.fail(refused.result(), refused.detail());
          }
        },
        refused -> call.fail(refused.result(), refused.detail()));
  }

  private GraphMemory make(SessionDevice device, Allocation allocation) {
    GraphMemory made = new GraphMemory(device, allocation);
    allocation.belongsTo(made);
    use(device).reserve(made.blockBytes());
    return made;
  }

  /** What a node is to free, or {@code CUDA_ERROR_INVALID_VALUE}. */
  NodeWork.MemoryRelease release(long address) {
    SessionDevice device = session.memory(address, 1);
    Allocation allocation = device.memory().at(address);
    if (allocation == null || allocation.isModuleVariable()) {
      throw CallException.invalidValue(
          "0x" + Long.toHexString(address) + " is not the beginning of an allocation");
    }
    return new NodeWork.MemoryRelease(address);
  }

  void parameters(SessionCall call, long handle, int type) {
    NodeWork work = session.objects().graphNode(handle).work();
    if (work.type() != type) {
      throw CallException.invalidValue("the node is of another type");
    }
    if (work instanceof NodeWork.MemoryAllocation allocation) {
      GraphMemory found = allocation.memory();
      Answers.remoraGraphMemoryNode(call, found.address(), found.bytes(), found.device().ordinal());
    } else if (work instanceof NodeWork.MemoryRelease release) {
      Answers.remoraGraphMemoryNode(call, release.address(), 0, 0);
    } else {
      throw CallException.invalidValue("the node neither allocates nor frees memory");
    }
  }

  /** Refuses what CUDA doesn't allow with graphs that allocate or free memory. */
  static void refuse(SessionGraph graph, String what) {
    for (GraphNode node : graph.nodes()) {
      if (isOfMemory(node.origin())) {
        throw new CallException(
            CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
            "a graph that allocates or frees memory can't " + what);
      }
    }
  }

  /** Whether a node allocates or frees memory. */
  static boolean isOfMemory(NodeWork work) {
    return work.type() == ALLOCATION || work.type() == RELEASE;
  }

  /** A graph is instantiated: only once at a time if it allocates memory. */
  void instantiated(List<GraphStep> steps) {
    List<GraphMemory> found = allocations(steps);
    for (GraphMemory each : found) {
      if (each.isInstantiated()) {
        throw CallException.invalidValue(
            "a graph that allocates memory can be instantiated once at a time");
      }
    }
    found.forEach(each -> each.setInstantiated(true));
  }

  /** What was instantiated is destroyed. */
  void execEnds(List<GraphStep> steps) {
    for (GraphMemory each : allocations(steps)) {
      each.setInstantiated(false);
      giveBackIfUnused(each);
    }
  }

  /** A graph is destroyed. */
  void graphEnds(SessionGraph graph) {
    for (GraphNode node : graph.nodes()) {
      if (node.origin() instanceof NodeWork.MemoryAllocation allocation) {
        allocation.memory().graphEnds();
        giveBackIfUnused(allocation.memory());
      }
    }
  }

  private static List<GraphMemory> allocations(List<GraphStep> steps) {
    List<GraphMemory> found = new ArrayList<>(0);
    for (GraphStep step : steps) {
      if (step.work() instanceof NodeWork.MemoryAllocation allocation) {
        found.add(allocation.memory());
      }
    }
    return found;
  }

  /**
   * Before a graph is launched: whether its allocations are free, and its releases have something
   * to free. Nothing has changed after a refusal.
   */
  void checkLaunch(List<GraphStep> steps, long flags) {
    Set<Long> own = new HashSet<>();
    Set<Long> freed = new HashSet<>();
    for (GraphStep step : steps) {
      if (step.work() instanceof NodeWork.MemoryAllocation allocation) {
        GraphMemory each = allocation.memory();
        if (each.isGone()) {
          throw CallException.invalidValue("the graph's memory went with its context");
        }
        if (each.isAllocated() && (flags & FREE_ON_LAUNCH) == 0) {
          throw CallException.invalidValue(
              "what the graph's last launch has allocated isn't freed yet");
        }
        own.add(each.address());
      } else if (step.work() instanceof NodeWork.MemoryRelease release) {
        if (!freed.add(release.address())
            || !own.contains(release.address()) && !isAllocated(release.address())) {
          throw CallException.invalidValue(
              "0x" + Long.toHexString(release.address()) + " is not allocated when it is freed");
        }
      }
    }
  }

  private boolean isAllocated(long address) {
    for (SessionDevice device : session.objects().devices()) {
      Allocation found = device.ownsAddress(address) ? device.memory().at(address) : null;
      if (found != null) {
        GraphMemory of = found.graphMemory();
        return of == null ? !found.isModuleVariable() : of.isAllocated();
      }
    }
    return false;
  }

  /** After a graph's works are on their stream. */
  void launched(List<GraphStep> steps) {
    for (GraphStep step : steps) {
      if (step.work() instanceof NodeWork.MemoryAllocation allocation) {
        GraphMemory each = allocation.memory();
        if (!each.isAllocated()) {
          each.setAllocated(true);
          use(each.device()).use(each.blockBytes());
        }
      }
    }
    for (GraphStep step : steps) {
      if (step.work() instanceof NodeWork.MemoryRelease release) {
        memory.free(release.address());
      }
    }
  }

  /** Frees what a launch has allocated, or {@code CUDA_ERROR_INVALID_VALUE}. */
  void free(GraphMemory freed) {
    if (!freed.isAllocated()) {
      throw CallException.invalidValue(
          "0x" + Long.toHexString(freed.address()) + " is a graph's, which hasn't allocated it");
    }
    freed.setAllocated(false);
    use(freed.device()).used -= freed.blockBytes();
    giveBackIfUnused(freed);
  }

  private void giveBackIfUnused(GraphMemory unused) {
    if (unused.isUnused()) {
      memory.free(unused.device(), unused.allocation());
    }
  }

  /** An allocation of a graph is given back, by whomever. */
  void givenBack(GraphMemory memoryOfGraph) {
    Use use = use(memoryOfGraph.device());
    use.reserved -= memoryOfGraph.blockBytes();
    use.used -= memoryOfGraph.isAllocated() ? memoryOfGraph.blockBytes() : 0;
    memoryOfGraph.setGone();
  }

  void getAttribute(SessionCall call, int ordinal, int attribute) {
    Use use = use(session.objects().device(ordinal));
    Answers.cuDeviceGetGraphMemAttribute(
        call,
        switch (known(attribute)) {
          case CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT -> use.used;
          case CU_GRAPH_MEM_ATTR_USED_MEM_HIGH -> use.usedHigh;
          case CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT -> use.reserved;
          case CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH -> use.reservedHigh;
          case UNRECOGNIZED -> throw CallException.invalidValue("no such attribute");
        });
  }

  void setAttribute(SessionCall call, int ordinal, int attribute, long value) {
    Use use = use(session.objects().device(ordinal));
    if (value != 0) {
      throw CallException.invalidValue("a high mark can only be set to 0");
    }
    switch (known(attribute)) {
      case CU_GRAPH_MEM_ATTR_USED_MEM_HIGH -> use.usedHigh = use.used;
      case CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH -> use.reservedHigh = use.reserved;
      case CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT,
          CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT,
          UNRECOGNIZED ->
          throw CallException.invalidValue("the attribute " + attribute + " can't be set");
    }
    call.succeed();
  }

  private static CUgraphMem_attribute known(int attribute) {
    CUgraphMem_attribute known = CUgraphMem_attribute.forNumber(attribute);
    if (known == null) {
      throw CallException.invalidValue("graphs have no attribute " + attribute);
    }
    return known;
  }

  /** What graphs have of a device. */
  SessionImage.GraphUse image(SessionDevice device) {
    Use use = use(device);
    return SessionImage.GraphUse.newBuilder()
        .setUsed(use.used)
        .setUsedHigh(use.usedHigh)
        .setReserved(use.reserved)
        .setReservedHigh(use.reservedHigh)
        .build();
  }

  /** Goes on with what graphs had of a device on another server. */
  void restore(SessionDevice device, SessionImage.GraphUse image) {
    Use use = use(device);
    use.used = image.getUsed();
    use.usedHigh = image.getUsedHigh();
    use.reserved = image.getReserved();
    use.reservedHigh = image.getReservedHigh();
  }
}
