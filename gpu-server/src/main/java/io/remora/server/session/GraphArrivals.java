// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.Launch;
import io.remora.server.metrics.KernelMeter;
import io.remora.v1.CUgraphConditionalNodeType;
import io.remora.v1.SessionImage;
import io.remora.v1.SessionImage.Work;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes the graphs that a session had on another server. Used once, before the session goes on. */
final class GraphArrivals {
  private static final int DEPTH_MAX = 20;

  private final ClientSession session;
  private final SessionObjects objects;
  private final List<GraphMemory> memories = new ArrayList<>();

  GraphArrivals(ClientSession session, SessionObjects objects) {
    this.session = session;
    this.objects = objects;
  }

  /**
   * Makes all of them.
   *
   * @throws IllegalArgumentException if there can't be such graphs
   */
  void read(SessionImage image) {
    for (SessionImage.GraphMemory each : image.getGraphMemoriesList()) {
      memories.add(GraphMemory.of(device(each.getDevice()), each));
    }
    image.getGraphsList().forEach(this::graph);
    // What nodes hold can be known only now; the order says nothing.
    for (SessionImage.Graph graph : image.getGraphsList()) {
      graph.getNodesList().forEach(this::hold);
    }
    for (SessionImage.GraphExec each : image.getGraphExecsList()) {
      SessionGraphExec exec =
          new SessionGraphExec(
              each.getHandle(),
              each.getFlags(),
              steps(each.getStepsList(), 0),
              each.getInitialList().stream().map(one -> condition(one).assigned()).toList(),
              references(each.getReferencesList()));
      exec.restoreDisabled(each.getDisabledList());
      ArrivedObjects.put(objects.graphExecs(), each.getHandle(), exec);
    }
  }

  private SessionDevice device(int ordinal) {
    return ArrivedObjects.device(objects, ordinal);
  }

  private void graph(SessionImage.Graph image) {
    SessionGraph graph = new SessionGraph(image.getHandle());
    graph.setReferences(references(image.getReferencesList()));
    if (image.getConditionsCount() > GraphConditions.CONDITIONS_MAX) {
      throw new IllegalArgumentException("a graph has too many conditions");
    }
    image.getConditionsList().forEach(each -> graph.conditions().add(condition(each)));
    List<GraphNode> nodes = new ArrayList<>(image.getNodesCount());
    for (SessionImage.Node each : image.getNodesList()) {
      GraphNode node =
          graph.add(each.getHandle(), each.getOriginal(), work(each.getWork(), 0), Map.of());
      ArrivedObjects.put(objects.graphNodes(), each.getHandle(), node);
      nodes.add(node);
    }
    for (SessionImage.Edge edge : image.getEdgesList()) {
      graph.connectAgain(
          ArrivedObjects.at(nodes, edge.getFrom()),
          ArrivedObjects.at(nodes, edge.getTo()),
          EdgeData.of(edge.getData()));
    }
    if (graph.steps().size() != nodes.size()) {
      throw new IllegalArgumentException("a graph's edges close a circle");
    }
    ArrivedObjects.put(objects.graphs(), image.getHandle(), graph);
  }

  /** Has a node hold its graphs; each graph is held once, and never by what is in it. */
  private void hold(SessionImage.Node image) {
    GraphNode node = objects.graphNode(image.getHandle());
    List<SessionGraph> held = image.getHeldList().stream().map(objects::graph).toList();
    for (SessionGraph each : held) {
      if (each.isHeld() || node.graph().isWithin(each) || Collections.frequency(held, each) > 1) {
        throw new IllegalArgumentException("a graph is in two nodes, or in itself");
      }
      node.graph().checkCanHold(each);
    }
    node.holdAgain(held);
  }

  private GraphConditions.Condition condition(SessionImage.Condition image) {
    checkWord(image.getAddress());
    return new GraphConditions.Condition(image.getAddress(), image.getValue());
  }

  /** That it is one of the session's addresses; the program may have freed what was there. */
  private void checkWord(long address) {
    if (objects.devices().stream().noneMatch(each -> each.ownsAddress(address))) {
      throw new IllegalArgumentException("a condition isn't in the session's memory");
    }
  }

  private static List<UserReference> references(List<SessionImage.UserReference> images) {
    return images.stream()
        .map(each -> new UserReference(each.getObject(), each.getToken(), each.getCount()))
        .toList();
  }

  private List<GraphStep> steps(List<SessionImage.Step> images, int depth) {
    List<GraphStep> steps = new ArrayList<>(images.size());
    for (SessionImage.Step each : images) {
      steps.add(
          new GraphStep(
              each.getNode(), work(each.getWork(), depth), dependencies(each, steps.size())));
    }
    return steps;
  }

  private static List<GraphStep.Dependency> dependencies(SessionImage.Step image, int earlier) {
    if (image.getEdgeDataCount() != image.getDependenciesCount()) {
      throw new IllegalArgumentException("every edge has data");
    }
    Set<Integer> places = new HashSet<>();
    List<GraphStep.Dependency> before = new ArrayList<>(image.getDependenciesCount());
    for (int i = 0; i < image.getDependenciesCount(); i++) {
      int place = image.getDependencies(i);
      if (place < 0 || place >= earlier || !places.add(place)) {
        throw new IllegalArgumentException("a step can only wait for earlier ones");
      }
      before.add(new GraphStep.Dependency(place, EdgeData.of(image.getEdgeData(i))));
    }
    return before;
  }

  private NodeWork work(Work image, int depth) {
    return switch (image.getWhatCase()) {
      case KERNEL -> kernel(image.getKernel());
      case TRANSFER -> transfer(image.getTransfer());
      case HOST_COPY -> hostCopy(image.getHostCopy());
      case HOST -> new NodeWork.Host(image.getHost());
      case EMPTY -> new NodeWork.Empty();
      case ALLOCATION ->
          new NodeWork.MemoryAllocation(ArrivedObjects.at(memories, image.getAllocation()));
      case RELEASE -> new NodeWork.MemoryRelease(image.getRelease());
      case RECORD -> new NodeWork.EventRecord(event(image.getRecord()), image.getRecord());
      case WAIT -> new NodeWork.EventWait(event(image.getWait()), image.getWait());
      case CHILD ->
          NodeWork.Child.of(
              inside(image.getChild(), depth), references(image.getChild().getReferencesList()));
      case OPERATIONS ->
          new NodeWork.MemoryOperations(
              device(image.getOperations().getDevice()),
              image.getOperations().getSaid().getOperationsList().stream()
                  .map(MemoryOperation::of)
                  .toList(),
              image.getOperations().getSaid());
      case CONDITIONAL -> conditional(image.getConditional(), depth);
      case WHAT_NOT_SET -> throw new IllegalArgumentException("a node does nothing known");
    };
  }

  private List<GraphStep> inside(SessionImage.Child image, int depth) {
    if (depth >= DEPTH_MAX) {
      throw new IllegalArgumentException("graphs are nested too deep");
    }
    return steps(image.getStepsList(), depth + 1);
  }

  private NodeWork conditional(SessionImage.Conditional image, int depth) {
    SessionDevice device = device(image.getDevice());
    CUgraphConditionalNodeType kind = CUgraphConditionalNodeType.forNumber(image.getKind());
    if (kind == null) {
      throw new IllegalArgumentException("there can't be such a conditional node");
    }
    // One that is being built has none yet: what it holds is said in another place.
    if (image.getBodiesCount() > 0 && !GraphConditions.fits(kind, image.getBodiesCount())) {
      throw new IllegalArgumentException("a conditional node has another number of graphs");
    }
    checkWord(image.getAddress());
    MemoryRanges.checkAlignment(image.getAddress(), Integer.BYTES);
    List<List<GraphStep>> bodies = new ArrayList<>(image.getBodiesCount());
    for (SessionImage.Child each : image.getBodiesList()) {
      bodies.add(GraphConditions.checked(inside(each, depth)));
    }
    return new NodeWork.Conditional(device, image.getAddress(), kind, bodies);
  }

  private SessionEvent event(long handle) {
    SessionEvent event = objects.events().get(handle);
    if (event == null) {
      throw new IllegalArgumentException("a node names no event");
    }
    return event;
  }

  private NodeWork kernel(SessionImage.KernelWork image) {
    if (image.getGridCount() != 3 || image.getBlockCount() != 3) {
      throw new IllegalArgumentException("a launch has three dimensions");
    }
    SessionDevice device = device(image.getDevice());
    Launch launch =
        new Launch(
            image.getDriver(),
            image.getGrid(0),
            image.getGrid(1),
            image.getGrid(2),
            image.getBlock(0),
            image.getBlock(1),
            image.getBlock(2),
            image.getSharedBytes(),
            image.getCooperative(),
            ByteBuffer.wrap(image.getParameters().toByteArray()));
    KernelMeter meter =
        session
            .meter()
            .kernel(device.ordinal(), image.getName(), () -> device.description().ordinal());
    var kernel =
        new NodeWork.Kernel(
            device, image.getFunction(), launch, image.getKey(), meter, KernelAttributes.NONE);
    return kernel.with(KernelAttributes.of(image.getAttributesList()));
  }

  private NodeWork transfer(SessionImage.TransferWork image) {
    return new NodeWork.Transfer(device(image.getDevice()), image.getKey(), image.getSaid());
  }

  private NodeWork hostCopy(SessionImage.HostCopy image) {
    return new NodeWork.HostCopy(
        image.getToDevice(),
        image.getNumber(),
        device(image.getDevice()),
        image.getAddress(),
        image.getPitch(),
        image.getWidthBytes(),
        image.getHeight());
  }
}
