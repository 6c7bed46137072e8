// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.LaunchAttribute;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Graphs and what is made of them. Belongs to the session's serial executor. */
final class GraphCalls {
  /** {@code CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH}. */
  private static final long DEVICE_LAUNCH = 4;

  /** All {@code CUgraphInstantiate_flags}. */
  private static final long FLAGS = 15;

  private final ClientSession session;
  private final GraphRuns runs;
  private final GraphTransfers transfers;
  private final GraphMemoryCalls memory;
  private final UserReferences references;
  private final GraphQueries queries;

  GraphCalls(
      ClientSession session,
      GraphRuns runs,
      GraphTransfers transfers,
      GraphMemoryCalls memory,
      UserReferences references) {
    this.references = references;
    this.queries = new GraphQueries(session);
    this.session = session;
    this.memory = memory;
    this.runs = runs;
    this.transfers = transfers;
  }

  /** What programs ask about graphs. */
  GraphQueries queries() {
    return queries;
  }

  SessionGraph newGraph(long handle) {
    SessionGraph graph = new SessionGraph(handle);
    session.objects().create(session.objects().graphs(), handle, graph);
    return graph;
  }

  void create(SessionCall call, long handle) {
    SessionGraph unused = newGraph(handle);
    call.succeed();
  }

  void destroy(SessionCall call, long handle) {
    SessionGraph graph = session.objects().graph(handle);
    if (graph.isHeld()) {
      throw CallException.invalidValue("the graph ends with the node that holds it");
    }
    destroy(graph);
    call.succeed();
  }

  /** Takes a graph and its nodes away, with the graphs that they hold. */
  void destroy(SessionGraph graph) {
    session.objects().graphs().remove(graph.handle());
    memory.graphEnds(graph);
    graph.nodes().forEach(this::nodeEnds);
    references.someMayEnd();
  }

  private void nodeEnds(GraphNode node) {
    session.objects().graphNodes().remove(node.handle());
    node.held().forEach(this::destroy);
  }

  void addNode(
      SessionCall call,
      long handle,
      long graphHandle,
      Map<GraphNode, EdgeData> before,
      NodeWork work) {
    GraphNode unused = addNode(handle, graphHandle, before, work);
    call.succeed();
  }

  GraphNode addNode(long handle, long graphHandle, Map<GraphNode, EdgeData> before, NodeWork work) {
    SessionObjects objects = session.objects();
    objects.checkCreatable(objects.graphNodes(), handle);
    GraphNode node = objects.graph(graphHandle).add(handle, 0, work, before);
    objects.create(objects.graphNodes(), handle, node);
    return node;
  }

  /**
   * The nodes that a new one comes behind, and what its edges to them have.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE}
   */
  Map<GraphNode, EdgeData> behind(long[] handles, int[] edgeData) {
    List<GraphNode> nodes = nodes(handles);
    List<EdgeData> data = EdgeData.of(edgeData, handles.length);
    Map<GraphNode, EdgeData> found = new LinkedHashMap<>();
    for (int i = 0; i < handles.length; i++) {
      found.put(nodes.get(i), data.get(i));
    }
    return found;
  }

  private List<GraphNode> nodes(long[] handles) {
    List<GraphNode> nodes = new ArrayList<>(handles.length);
    for (long handle : handles) {
      nodes.add(session.objects().graphNode(handle));
    }
    return nodes;
  }

  void setNode(SessionCall call, long exec, long handle, NodeWork work) {
    if (exec == 0) {
      session.objects().graphNode(handle).setWork(work);
    } else {
      session.objects().graphExec(exec).set(handle, work);
    }
    references.someMayEnd();
    call.succeed();
  }

  void destroyNode(SessionCall call, long handle) {
    GraphNode node = session.objects().graphNode(handle);
    GraphMemoryCalls.refuse(node.graph(), "lose nodes");
    nodeEnds(node);
    node.graph().remove(node);
    references.someMayEnd();
    call.succeed();
  }

  void copy(SessionCall call, long handle, long originalHandle) {
    SessionObjects objects = session.objects();
    SessionGraph original = objects.graph(originalHandle);
    GraphMemoryCalls.refuse(original, "be cloned");
    for (GraphNode node : original.nodes()) {
      if (node.origin() instanceof NodeWork.Conditional) {
        throw new CallException(
            CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
            "a graph with conditional nodes can't be cloned");
      }
    }
    SessionGraph clone = newGraph(handle);
    clone.setReferences(original.references());
    Map<GraphNode, GraphNode> copies = new HashMap<>();
    // In the order of the original, whose nodes may have got edges from later ones.
    for (GraphNode node : original.nodes()) {
      long nodeHandle = session.captures().newHandle();
      GraphNode copy = clone.add(nodeHandle, node.handle(), node.work(), Map.of());
      objects.create(objects.graphNodes(), nodeHandle, copy);
      copies.put(node, copy);
    }
    for (GraphNode node : original.nodes()) {
      node.edges()
          .forEach(
              (dependency, data) ->
                  clone.addEdge(
                      Objects.requireNonNull(copies.get(dependency)),
                      Objects.requireNonNull(copies.get(node)),
                      data));
    }
    call.succeed();
  }

  void findInClone(SessionCall call, long originalHandle, long graphHandle) {
    for (GraphNode node : session.objects().graph(graphHandle).nodes()) {
      if (node.original() == originalHandle) {
        Answers.cuGraphNodeFindInClone(call, node.handle());
        return;
      }
    }
    throw CallException.invalidValue("the graph has no clone of this node");
  }

  void nodeType(SessionCall call, long handle) {
    Answers.cuGraphNodeGetType(call, session.objects().graphNode(handle).type());
  }

  /**
   * Adds a node that takes a graph, which a program can still change there.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if another node has it
   */
  void moveIn(
      SessionCall call,
      long handle,
      long graphHandle,
      Map<GraphNode, EdgeData> before,
      long childHandle) {
    SessionObjects objects = session.objects();
    SessionGraph graph = objects.graph(graphHandle);
    SessionGraph child = objects.graph(childHandle);
    if (child.isHeld() || graph.isWithin(child)) {
      throw CallException.invalidValue("a node has the graph already, or it is the node's own");
    }
    graph.checkCanHold(child);
    NodeWork work = NodeWork.Child.of(child.steps(), child.references());
    addNode(handle, graphHandle, before, work).setChild(child);
    call.succeed();
  }

  void nodeParameters(SessionCall call, long handle, int type) {
    GraphNode node = session.objects().graphNode(handle);
    if (node.type() != type) {
      throw CallException.invalidValue("the node is of another type");
    }
    GraphNodeWork said =
        node.work() instanceof NodeWork.Child child
            ? GraphNodeWork.newBuilder().setType(type).setArgument(inside(node, child)).build()
            : NodeParameters.of(node.work());
    Answers.remoraGraphNode(call, said.toByteArray());
  }

  /** The handle of the graph in a node, which from now on a program can change. */
  private long inside(GraphNode node, NodeWork.Child work) {
    SessionGraph known = node.child();
    if (known != null) {
      return known.handle();
    }
    SessionGraph made = newGraph(session.captures().newHandle());
    try {
      node.graph().checkCanHold(made);
      copy(work.steps(), made);
      made.setReferences(work.references());
    } catch (CallException refused) {
      destroy(made);
      throw refused;
    }
    node.setChild(made);
    return made.handle();
  }

  private void copy(List<GraphStep> steps, SessionGraph into) {
    List<GraphNode> nodes = new ArrayList<>(steps.size());
    for (GraphStep step : steps) {
      long handle = session.captures().newHandle();
      Map<GraphNode, EdgeData> before = new LinkedHashMap<>();
      step.dependencies().forEach(each -> before.put(nodes.get(each.place()), each.data()));
      GraphNode copy = into.add(handle, step.node(), step.work(), before);
      session.objects().create(session.objects().graphNodes(), handle, copy);
      nodes.add(copy);
    }
  }

  void setAttributes(SessionCall call, long handle, List<LaunchAttribute> attributes) {
    session.objects().graphNode(handle).setAttributes(attributes);
    call.succeed();
  }

  void kernelNode(SessionCall call, long handle) {
    if (!(session.objects().graphNode(handle).work() instanceof NodeWork.Kernel kernel)) {
      throw CallException.invalidValue("the node is of another type");
    }
    var launch = kernel.launch();
    byte[] parameters = new byte[launch.parameters().remaining()];
    launch.parameters().duplicate().get(parameters);
    Answers.remoraGraphKernelNode(
        call,
        kernel.function(),
        launch.gridX(),
        launch.gridY(),
        launch.gridZ(),
        launch.blockX(),
        launch.blockY(),
        launch.blockZ(),
        launch.sharedBytes(),
        parameters);
  }

  void changeEdges(
      SessionCall call, long graphHandle, long[] from, long[] to, boolean remove, int[] edgeData) {
    SessionGraph graph = session.objects().graph(graphHandle);
    if (from.length != to.length) {
      throw CallException.invalidValue("edges have two ends each");
    }
    if (remove) {
      GraphMemoryCalls.refuse(graph, "lose edges");
    }
    List<GraphNode> begins = nodes(from);
    List<GraphNode> ends = nodes(to);
    List<EdgeData> data = EdgeData.of(edgeData, from.length);
    for (int i = 0; i < from.length; i++) {
      if (remove) {
        graph.removeEdge(begins.get(i), ends.get(i), data.get(i));
      } else {
        graph.addEdge(begins.get(i), ends.get(i), data.get(i));
      }
    }
    call.succeed();
  }

  void instantiate(SessionCall call, long handle, long graphHandle, long flags) {
    SessionObjects objects = session.objects();
    if ((flags & DEVICE_LAUNCH) != 0) {
      throw new CallException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "kernels can't launch graphs");
    }
    if ((flags & ~FLAGS) != 0) {
      throw CallException.invalidValue("unknown flags of an instantiation");
    }
    SessionGraph graph = objects.graph(graphHandle);
    List<GraphStep> steps = graph.steps();
    objects.checkCreatable(objects.graphExecs(), handle);
    SessionGraphExec made =
        new SessionGraphExec(
            handle, flags, steps, GraphConditions.initial(graph), UserReferences.ofLaunch(graph));
    memory.instantiated(steps);
    objects.create(objects.graphExecs(), handle, made);
    call.succeed();
  }

  void destroyExec(SessionCall call, long handle) {
    SessionGraphExec graph = session.objects().graphExec(handle);
    transfers.graphEnds(graph);
    session.objects().graphExecs().remove(handle);
    memory.execEnds(graph.allSteps());
    references.someMayEnd();
    call.succeed();
  }

  /** Lets go of the frames that wait for launches. */
  void sessionEnds() {
    session.objects().graphExecs().values().forEach(transfers::graphEnds);
  }

  void execFlags(SessionCall call, long handle) {
    Answers.cuGraphExecGetFlags(call, session.objects().graphExec(handle).flags());
  }

  void setEnabled(SessionCall call, long exec, long node, boolean enabled) {
    session.objects().graphExec(exec).setEnabled(node, enabled);
    call.succeed();
  }

  void isEnabled(SessionCall call, long exec, long node) {
    Answers.cuGraphNodeGetEnabled(call, session.objects().graphExec(exec).isEnabled(node) ? 1 : 0);
  }

  void update(SessionCall call, long exec, long graphHandle) {
    SessionGraphExec target = session.objects().graphExec(exec);
    SessionGraph graph = session.objects().graph(graphHandle);
    SessionGraphExec.Update update = target.update(graph.steps(), UserReferences.ofLaunch(graph));
    references.someMayEnd();
    Answers.remoraGraphExecUpdate(call, update.result().getNumber(), update.node(), update.from());
  }

  /** What was instantiated is here already. */
  void upload(SessionCall call, long exec, long stream) {
    SessionGraphExec unused = session.objects().graphExec(exec);
    session.captures().refuse(session.objects().stream(call, stream));
    call.succeed();
  }

  void launch(SessionCall call, long exec, long streamHandle) {
    SessionGraphExec graph = session.objects().graphExec(exec);
    SessionStream stream = session.objects().stream(call, streamHandle);
    if (stream.capture() != null) {
      NodeWork work = NodeWork.Child.of(graph.steps(), graph.references());
      boolean unused = session.captures().takes(call, stream, work);
    } else {
      session.captures().checkLegacy(stream);
      memory.checkLaunch(graph.allSteps(), graph.flags());
      runs.launch(call, stream, graph);
      memory.launched(graph.allSteps());
    }
  }
}
