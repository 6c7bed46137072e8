// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.Launch;
import io.remora.server.metrics.KernelMeter;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
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
   */
  record Kernel(SessionDevice device, long function, Launch launch, long key, KernelMeter meter)
      implements OnDevice {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL_VALUE;
    }

    @Override
    public CallContext.StreamWork work() {
      return (domain, stream, observer) -> domain.launch(stream, launch, observer);
    }
  }

  /** A copy within the device, or a fill. */
  record Transfer(int type, SessionDevice device, long key, CallContext.StreamWork work)
      implements OnDevice {}

  /**
   * A copy between device and the client's memory. Each launch brings the bytes along, or asks for
   * them.
   *
   * @param number what the client knows it by
   */
  record HostCopy(boolean toDevice, long number, SessionDevice device, long address, long bytes)
      implements NodeWork {
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

  /** Records an event that others outside of the graph may wait for. */
  record EventRecord(SessionEvent event) implements NodeWork {
    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_EVENT_RECORD_VALUE;
    }
  }

  /** Waits for an event's latest record at the time of the graph's launch. */
  record EventWait(SessionEvent event) implements NodeWork {
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
   */
  record Child(List<GraphStep> steps, GraphSize size) implements NodeWork {
    public Child {
      steps = List.copyOf(steps);
    }

    /**
     * A graph as a node.
     *
     * @throws CallException {@code CUDA_ERROR_OUT_OF_MEMORY} if it is too large for one, {@code
     *     CUDA_ERROR_NOT_SUPPORTED} if it allocates memory
     */
    static Child of(List<GraphStep> steps) {
      for (GraphStep step : steps) {
        if (GraphMemoryCalls.isOfMemory(step.work())) {
          throw new CallException(
              CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
              "a graph that allocates or frees memory can't be a node of another");
        }
      }
      return new Child(steps, GraphSize.of(steps));
    }

    @Override
    public int type() {
      return CUgraphNodeType.CU_GRAPH_NODE_TYPE_GRAPH_VALUE;
    }
  }
}
