// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.Launch;
import io.remora.server.metrics.KernelMeter;
import io.remora.v1.CUgraphConditionalNodeType;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
import io.remora.v1.GraphNodeWork;
import java.util.List;

/** What a node of a graph does when its turn has come. Immutable. */
sealed interface NodeWork {
  /** {@code CUgraphNodeType}. */
  int type();

  /** Work of a device: it can be given to the driver as it is, any number of times. */
  sealed interface OnDevice extends NodeWork {
    SessionDevice device();

    /** See {@link io.remora.server.queue.Work#estimateKey}. */
    long key();

    CallContext.StreamWork work();
  }

  /**
   * A kernel.
   *
   * @param function the client's handle of it
   * @param meter takes its device time
   * @param attributes what was said of it beside its launch
   */
  record Kernel(
      SessionDevice device,
      long function,
      Launch launch,
      long key,
      KernelMeter meter,
      KernelAttributes attributes)
      implements OnDevice {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL_VALUE;
    }

    @Override
    public CallContext.StreamWork work() {
      return (domain, stream, observer) -> domain.launch(stream, launch, observer);
    }

    /** The same with other attributes. */
    Kernel with(KernelAttributes others) {
      return new Kernel(device, function, others.applied(launch), key, meter, others);
    }
  }

  /**
   * A copy on devices, or a fill.
   *
   * @param said what it is, as a client says it
   */
  record Transfer(SessionDevice device, long key, GraphNodeWork said) implements OnDevice {
    /**
     * @throws IllegalArgumentException if it is something else
     */
    public Transfer {
      NodeTransfers.check(said);
    }

    @Override
    public int type() {
      return said.getType();
    }

    @Override
    public CallContext.StreamWork work() {
      return (domain, stream, observer) -> NodeTransfers.issue(said, domain, stream, observer);
    }
  }

  /**
   * A copy between device and the client's memory. Each launch brings the bytes along, or asks for
   * them.
   *
   * @param number what the client knows it by
   * @param pitch bytes from one row on the device to the next
   * @param widthBytes of each row
   */
  record HostCopy(
      boolean toDevice,
      long number,
      SessionDevice device,
      long address,
      long pitch,
      long widthBytes,
      long height)
      implements NodeWork {
    long bytes() {
      return widthBytes * height;
    }

    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY_VALUE;
    }
  }

  /**
   * A function of the client.
   *
   * @param token what the client knows it by
   */
  record Host(long token) implements NodeWork {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_HOST_VALUE;
    }
  }

  /** Nothing but an order of others. */
  record Empty() implements NodeWork {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_EMPTY_VALUE;
    }
  }

  /** Allocates memory, which has its address already. */
  record MemoryAllocation(GraphMemory memory) implements NodeWork {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEM_ALLOC_VALUE;
    }
  }

  /** Frees memory that this graph, another one or a stream has allocated. */
  record MemoryRelease(long address) implements NodeWork {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEM_FREE_VALUE;
    }
  }

  /**
   * Runs one of several graphs, or none, or one again and again, as a word of memory says when its
   * turn has come.
   *
   * @param address of the word, of 4 bytes
   * @param bodies the steps of each graph
   */
  record Conditional(
      SessionDevice device,
      long address,
      CUgraphConditionalNodeType kind,
      List<List<GraphStep>> bodies)
      implements NodeWork {
    public Conditional {
      bodies = List.copyOf(bodies);
    }

    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_CONDITIONAL_VALUE;
    }

    /** What a value makes it run; nothing if that is empty. */
    List<GraphStep> body(int value) {
      int place =
          switch (kind) {
            case CU_GRAPH_COND_TYPE_IF -> value != 0 ? 0 : 1;
            case CU_GRAPH_COND_TYPE_WHILE -> value != 0 ? 0 : bodies.size();
            case CU_GRAPH_COND_TYPE_SWITCH, UNRECOGNIZED -> value;
          };
      return place >= 0 && place < bodies.size() ? bodies.get(place) : List.of();
    }
  }

  /**
   * Words of memory that are waited for or written, one after the other.
   *
   * @param said what they are, as a client says it
   */
  record MemoryOperations(
      SessionDevice device, List<MemoryOperation> operations, GraphNodeWork said)
      implements NodeWork {
    public MemoryOperations {
      operations = List.copyOf(operations);
    }

    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_BATCH_MEM_OP_VALUE;
    }
  }

  /**
   * Records an event that others outside of the graph may wait for.
   *
   * @param handle the client's
   */
  record EventRecord(SessionEvent event, long handle) implements NodeWork {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_EVENT_RECORD_VALUE;
    }
  }

  /**
   * Waits for an event's latest record at the time of the graph's launch.
   *
   * @param handle the client's
   */
  record EventWait(SessionEvent event, long handle) implements NodeWork {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_WAIT_EVENT_VALUE;
    }
  }

  /**
   * Another graph, as it was when it became a node of this one.
   *
   * @param steps its nodes in an order that keeps its edges
   * @param size what a launch of it looks at, and how deep graphs are nested in it
   * @param references what it keeps alive in the client, beside what its nodes do
   */
  record Child(List<GraphStep> steps, GraphSize size, List<UserReference> references)
      implements NodeWork {
    public Child {
      steps = List.copyOf(steps);
      references = List.copyOf(references);
    }

    /**
     * A graph as a node.
     *
     * @throws CallException {@code CUDA_ERROR_OUT_OF_MEMORY} if it is too large for one, {@code
     *     CUDA_ERROR_NOT_SUPPORTED} if it allocates memory
     */
    static Child of(List<GraphStep> steps, List<UserReference> references) {
      for (GraphStep step : steps) {
        if (GraphMemoryCalls.isOfMemory(step.work())) {
          throw new CallException(
              CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
              "a graph that allocates or frees memory can't be a node of another");
        }
        if (step.work() instanceof NodeWork.Conditional) {
          throw new CallException(
              CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
              "a graph with conditional nodes can't be a node of another");
        }
      }
      return new Child(steps, GraphSize.of(steps), references);
    }

    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_GRAPH_VALUE;
    }
  }
}
