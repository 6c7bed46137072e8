// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Launches graphs: a launch is one call, and becomes works on the launch's stream in an order that
 * keeps the graph's edges. Each work is a bounded number of nodes, so that the queue can let others
 * in between. Belongs to the session's serial executor.
 */
final class GraphRuns {
  /** As many nodes as a work has at most: enough that its overhead doesn't show. */
  private static final int NODES_PER_WORK = 16;

  /** Works of graphs that may wait or run; some hundred megabytes of them. */
  private static final int WORKS_MAX = 1 << 20;

  private final ClientSession session;
  private final HostCallbacks callbacks;
  private final GraphTransfers transfers;
  private final StreamCalls streams;
  private final AtomicInteger works = new AtomicInteger();

  GraphRuns(
      ClientSession session,
      HostCallbacks callbacks,
      GraphTransfers transfers,
      StreamCalls streams) {
    this.session = session;
    this.streams = streams;
    this.callbacks = callbacks;
    this.transfers = transfers;
  }

  /** Puts a graph on a stream. */
  void launch(SessionCall call, SessionStream stream, SessionGraphExec graph) {
    List<GraphTransfers.Waiting> brought = transfers.take(graph);
    Run run = new Run(call, stream, graph.handle(), brought);
    try {
      graph.initial().forEach(run::add);
      run.add(graph.steps());
      run.start();
    } catch (CallException refused) {
      run.drop(refused);
      GraphTransfers.drop(brought, refused.result(), refused.detail());
      throw refused;
    }
    GraphTransfers.drop(
        brought, CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, "the graph has no such copy");
  }

  /**
   * Runs the graph in a conditional node, on a stream of its own: that of the launch stands still.
   */
  void runBody(SessionCall call, SessionStream stream, long key, List<GraphStep> steps) {
    Run run = new Run(call, stream, key, new ArrayList<>(0));
    run.within = true;
    run.add(steps);
    run.start();
  }

  StreamCalls streams() {
    return streams;
  }

  /** One launch while its works are made. */
  private final class Run {
    private final SessionCall call;
    private final SessionStream stream;
    private final long key;
    private final List<GraphTransfers.Waiting> brought;
    private final List<QueuedWork> parts = new ArrayList<>();
    private int pieces;

    /** Whether it is part of a launch: its order with other streams is the launch's. */
    private boolean within;

    /**
     * @param key tells this graph's works from others' when their time is estimated
     */
    Run(SessionCall call, SessionStream stream, long key, List<GraphTransfers.Waiting> brought) {
      this.call = call;
      this.stream = stream;
      this.key = key;
      this.brought = brought;
    }

    void add(List<GraphStep> steps) {
      for (GraphStep step : steps) {
        NodeWork work = step.work();
        if (work instanceof NodeWork.Child child) {
          add(child.steps());
        } else if (work instanceof NodeWork.HostCopy copy) {
          checkDevice(stream, work);
          parts.addAll(transfers.prepare(copy, brought));
        } else if (work instanceof NodeWork.Conditional conditional) {
          checkDevice(stream, work);
          parts.add(new ConditionWork(session, call, GraphRuns.this, conditional, key));
        } else if (work instanceof NodeWork.MemoryOperations operations) {
          checkDevice(stream, work);
          parts.addAll(MemoryOperations.works(session, call, operations));
        } else if (!(work instanceof NodeWork.Empty) && !GraphMemoryCalls.isOfMemory(work)) {
          checkDevice(stream, work);
          add(work);
        }
      }
    }

    void add(MemoryOperation operation) {
      parts.add(MemoryOperations.work(session, call, operation));
    }

    private void add(NodeWork work) {
      QueuedWork last = parts.isEmpty() ? null : parts.get(parts.size() - 1);
      if (last instanceof Piece piece && piece.takes(work)) {
        piece.nodes.add(work);
        return;
      }
      Piece piece = new Piece(call, key * 31 + pieces++);
      piece.nodes.add(work);
      parts.add(piece);
    }

    /** Ends the transfers that were to be part of it. */
    void drop(CallException refused) {
      for (QueuedWork part : parts) {
        if (part instanceof SessionCall transfer) {
          GraphTransfers.drop(transfer, refused.result(), refused.detail());
        }
      }
    }

    void start() {
      if (parts.isEmpty()) {
        parts.add(new Piece(call, key));
        pieces = 1;
      }
      if (works.get() + pieces > WORKS_MAX) {
        throw CallException.outOfMemory(
            "graphs that were launched and have not run have more than "
                + (long) WORKS_MAX * NODES_PER_WORK
                + " nodes; synchronise now and then");
      }
      for (QueuedWork part : parts) {
        if (part instanceof Piece piece) {
          piece.check(stream);
        }
      }
      works.addAndGet(pieces);
      for (QueuedWork part : parts) {
        if (part instanceof Piece piece) {
          piece.begin(stream);
        }
        if (within) {
          session.enqueue(stream, part);
        } else {
          session.submit(stream, part);
        }
      }
    }
  }

  private static void checkDevice(SessionStream stream, NodeWork work) {
    SessionDevice device = deviceOf(work);
    if (device != null && device != stream.device()) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "all nodes of a graph must be on the device of the stream that it is launched on");
    }
  }

  /** Where a node has to run; null if that doesn't matter. */
  private static @Nullable SessionDevice deviceOf(NodeWork work) {
    if (work instanceof NodeWork.OnDevice onDevice) {
      return onDevice.device();
    }
    if (work instanceof NodeWork.HostCopy copy) {
      return copy.device();
    }
    if (work instanceof NodeWork.MemoryOperations operations) {
      return operations.device();
    }
    if (work instanceof NodeWork.Conditional conditional) {
      return conditional.device();
    }
    return work instanceof NodeWork.EventRecord record ? record.event().device() : null;
  }

  /** Some nodes of one launch: several of the device, or one of another kind. */
  private final class Piece extends CallWork {
    private final long key;
    private final List<NodeWork> nodes = new ArrayList<>(1);
    private long recordNumber;
    private boolean waits;

    Piece(SessionCall call, long key) {
      super(GraphRuns.this.session, call);
      this.key = key;
    }

    @Override
    String label() {
      NodeWork first = nodes.isEmpty() ? null : nodes.get(0);
      String name = first instanceof NodeWork.Kernel kernel ? kernel.meter().name() : "graph";
      return nodes.size() <= 1 ? name : name + " and " + (nodes.size() - 1) + " more";
    }

    boolean takes(NodeWork work) {
      return nodes.size() < NODES_PER_WORK
          && work instanceof NodeWork.OnDevice
          && nodes.get(0) instanceof NodeWork.OnDevice;
    }

    /** Before anything of the launch is on its stream. */
    void check(SessionStream stream) {
      if (!nodes.isEmpty()
          && nodes.get(0) instanceof NodeWork.EventWait wait
          && mustWait(wait.event())
          && wait.event().device() != stream.device()) {
        throw new CallException(
            CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
            "a graph can't wait for an event of another device");
      }
    }

    private static boolean mustWait(SessionEvent event) {
      return event.isRecorded() && !event.isComplete();
    }

    /** Right before it is put on its stream; serial executor. */
    void begin(SessionStream stream) {
      NodeWork first = nodes.isEmpty() ? null : nodes.get(0);
      if (first instanceof NodeWork.EventRecord record) {
        record.event().setCapture(null);
        recordNumber = record.event().recordBegins();
      } else if (first instanceof NodeWork.EventWait wait) {
        waits = mustWait(wait.event()) && wait.event().device() == stream.device();
      }
    }

    @Override
    public long estimateKey() {
      return nodes.isEmpty() || !(nodes.get(0) instanceof NodeWork.OnDevice)
          ? FREE
          : WorkKeys.ofLaunch(key, 0, 0, 0);
    }

    @Override
    public boolean waitsForHost() {
      return !nodes.isEmpty() && nodes.get(0) instanceof NodeWork.Host;
    }

    @Override
    void start(Domain domain, long driverStream) {
      if (nodes.isEmpty()) {
        onDone(CUresult.CUDA_SUCCESS_VALUE, 0);
        return;
      }
      NodeWork first = nodes.get(0);
      if (first instanceof NodeWork.Host host) {
        domain.pause(
            driverStream,
            (result, resume) ->
                session.signal(() -> callbacks.reachedNode(host.token(), result, resume)),
            this);
      } else if (first instanceof NodeWork.EventRecord record) {
        domain.recordEvent(record.event().driverEvent(), driverStream, this);
      } else if (first instanceof NodeWork.EventWait wait && waits) {
        domain.waitEvent(driverStream, wait.event().driverEvent(), this);
      } else if (first instanceof NodeWork.OnDevice) {
        issue(domain, driverStream);
      } else {
        onDone(CUresult.CUDA_SUCCESS_VALUE, 0);
      }
    }

    private void issue(Domain domain, long driverStream) {
      JointObserver joint = new JointObserver(nodes.size(), this);
      for (NodeWork node : nodes) {
        try {
          ((NodeWork.OnDevice) node).work().issue(domain, driverStream, measured(node, joint));
        } catch (DriverException refused) {
          joint.onDone(refused.result(), 0);
        }
      }
    }

    private static WorkObserver measured(NodeWork node, WorkObserver joint) {
      return node instanceof NodeWork.Kernel kernel
          ? (result, deviceNanos) -> {
            kernel.meter().ran(deviceNanos);
            joint.onDone(result, deviceNanos);
          }
          : joint;
    }

    @Override
    void finished(int result, String detail) {
      works.decrementAndGet();
      if (!nodes.isEmpty() && nodes.get(0) instanceof NodeWork.EventRecord record) {
        record.event().recordEnded(recordNumber);
      }
      super.finished(result, detail);
    }
  }
}
