// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.Domain.Launch;
import io.remora.v1.SessionImage;
import io.remora.v1.SessionImage.Work;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes down a session's graphs for another server. Belongs to the session's serial executor; used
 * once.
 */
final class GraphImages {
  /** A node that holds a graph with a handle of its own, of which its steps are made again. */
  private static final Work CHILD =
      Work.newBuilder().setChild(SessionImage.Child.getDefaultInstance()).build();

  private final SessionObjects objects;
  private final SessionImage.Builder image;
  private final Map<SessionEvent, Long> events = new IdentityHashMap<>();
  private final Map<GraphMemory, Integer> memories = new IdentityHashMap<>();

  GraphImages(SessionObjects objects, SessionImage.Builder image) {
    this.objects = objects;
    this.image = image;
    objects.events().byHandle().forEach((handle, event) -> events.put(event, handle));
  }

  /**
   * Writes all graphs, and what was instantiated.
   *
   * @throws Unmovable if a node does what can't be said to another server
   */
  void write() {
    objects.graphs().byHandle().values().forEach(graph -> image.addGraphs(graph(graph)));
    objects.graphExecs().byHandle().values().forEach(exec -> image.addGraphExecs(exec(exec)));
  }

  private SessionImage.Graph graph(SessionGraph graph) {
    SessionImage.Graph.Builder written = SessionImage.Graph.newBuilder().setHandle(graph.handle());
    graph.conditions().forEach(each -> written.addConditions(condition(each.assigned())));
    written.addAllReferences(references(graph.references()));
    Map<GraphNode, Integer> places = new HashMap<>();
    for (GraphNode node : graph.nodes()) {
      places.put(node, places.size());
      written.addNodes(
          SessionImage.Node.newBuilder()
              .setHandle(node.handle())
              .setOriginal(node.original())
              .setWork(node.child() == null ? work(node.origin()) : CHILD)
              .addAllHeld(node.held().stream().map(SessionGraph::handle).toList()));
    }
    for (GraphNode node : graph.nodes()) {
      node.edges()
          .forEach(
              (dependency, data) ->
                  written.addEdges(
                      SessionImage.Edge.newBuilder()
                          .setFrom(places.getOrDefault(dependency, 0))
                          .setTo(places.getOrDefault(node, 0))
                          .setData(data.packed())));
    }
    return written.build();
  }

  private SessionImage.GraphExec exec(SessionGraphExec exec) {
    SessionImage.GraphExec.Builder written =
        SessionImage.GraphExec.newBuilder().setHandle(exec.handle()).setFlags(exec.flags());
    exec.initial().forEach(each -> written.addInitial(condition(each)));
    written.addAllReferences(references(exec.references()));
    exec.allSteps().forEach(step -> written.addSteps(step(step)));
    exec.disabledSteps().forEach(written::addDisabled);
    return written.build();
  }

  private static List<SessionImage.UserReference> references(List<UserReference> references) {
    return references.stream()
        .map(
            each ->
                SessionImage.UserReference.newBuilder()
                    .setObject(each.object())
                    .setToken(each.token())
                    .setCount(each.count())
                    .build())
        .toList();
  }

  private SessionImage.Step step(GraphStep step) {
    SessionImage.Step.Builder written =
        SessionImage.Step.newBuilder().setNode(step.node()).setWork(work(step.work()));
    for (GraphStep.Dependency each : step.dependencies()) {
      written.addDependencies(each.place()).addEdgeData(each.data().packed());
    }
    return written.build();
  }

  private Work work(NodeWork work) {
    Work.Builder written = Work.newBuilder();
    if (work instanceof NodeWork.Kernel kernel) {
      written.setKernel(kernel(kernel));
    } else if (work instanceof NodeWork.Transfer transfer) {
      written.setTransfer(transfer(transfer));
    } else if (work instanceof NodeWork.HostCopy copy) {
      written.setHostCopy(
          SessionImage.HostCopy.newBuilder()
              .setToDevice(copy.toDevice())
              .setNumber(copy.number())
              .setDevice(copy.device().ordinal())
              .setAddress(copy.address())
              .setPitch(copy.pitch())
              .setWidthBytes(copy.widthBytes())
              .setHeight(copy.height()));
    } else if (work instanceof NodeWork.Host host) {
      written.setHost(host.token());
    } else if (work instanceof NodeWork.MemoryAllocation allocation) {
      written.setAllocation(place(allocation.memory()));
    } else if (work instanceof NodeWork.MemoryRelease release) {
      written.setRelease(release.address());
    } else if (work instanceof NodeWork.EventRecord record) {
      written.setRecord(handle(record.event()));
    } else if (work instanceof NodeWork.EventWait wait) {
      written.setWait(handle(wait.event()));
    } else if (work instanceof NodeWork.Child child) {
      written.setChild(child(child.steps()).addAllReferences(references(child.references())));
    } else if (work instanceof NodeWork.MemoryOperations operations) {
      written.setOperations(
          SessionImage.Operations.newBuilder()
              .setDevice(operations.device().ordinal())
              .setSaid(operations.said()));
    } else if (work instanceof NodeWork.Conditional conditional) {
      written.setConditional(conditional(conditional));
    } else if (work instanceof NodeWork.Empty) {
      written.setEmpty(true);
    }
    return written.build();
  }

  private SessionImage.Child.Builder child(List<GraphStep> steps) {
    SessionImage.Child.Builder written = SessionImage.Child.newBuilder();
    steps.forEach(each -> written.addSteps(step(each)));
    return written;
  }

  private SessionImage.Conditional conditional(NodeWork.Conditional conditional) {
    SessionImage.Conditional.Builder written =
        SessionImage.Conditional.newBuilder()
            .setDevice(conditional.device().ordinal())
            .setAddress(conditional.address())
            .setKind(conditional.kind().getNumber());
    conditional.bodies().forEach(each -> written.addBodies(child(each)));
    return written.build();
  }

  private static SessionImage.Condition condition(MemoryOperation assigned) {
    return SessionImage.Condition.newBuilder()
        .setAddress(assigned.address())
        .setValue((int) assigned.value())
        .build();
  }

  private static SessionImage.KernelWork kernel(NodeWork.Kernel kernel) {
    Launch launch = kernel.launch();
    return SessionImage.KernelWork.newBuilder()
        .setDevice(kernel.device().ordinal())
        .setFunction(kernel.function())
        .setDriver(launch.function())
        .addAllGrid(List.of(launch.gridX(), launch.gridY(), launch.gridZ()))
        .addAllBlock(List.of(launch.blockX(), launch.blockY(), launch.blockZ()))
        .setSharedBytes(launch.sharedBytes())
        .setCooperative(launch.cooperative())
        .setParameters(ByteString.copyFrom(launch.parameters().duplicate()))
        .setKey(kernel.key())
        .setName(kernel.meter().name())
        .addAllAttributes(KernelAttributes.of(kernel).all())
        .build();
  }

  private static SessionImage.TransferWork transfer(NodeWork.Transfer transfer) {
    return SessionImage.TransferWork.newBuilder()
        .setDevice(transfer.device().ordinal())
        .setKey(transfer.key())
        .setSaid(transfer.said())
        .build();
  }

  private int place(GraphMemory memory) {
    Integer known = memories.get(memory);
    if (known != null) {
      return known;
    }
    memories.put(memory, memories.size());
    image.addGraphMemories(memory.image());
    return memories.size() - 1;
  }

  private long handle(SessionEvent event) {
    Long handle = events.get(event);
    if (handle == null) {
      throw new Unmovable("a graph names an event that was destroyed");
    }
    return handle;
  }
}
