// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Tells the client which references to its objects no graph holds any more. Graphs, what is
 * instantiated of them, and graphs in nodes each have a list of what they hold; whenever some of
 * them may have ended, one look through all finds what is left. Launches that are still under way
 * hold theirs until all work that was submitted so far is over. Belongs to the session's serial
 * executor.
 */
final class UserReferences {
  /** References that the graphs of a session hold together, counted where they were given. */
  private static final int TOKENS_MAX = 1 << 16;

  /** References of one graph. */
  private static final int OF_GRAPH_MAX = 1 << 14;

  private final ClientSession session;
  private final HostCallbacks callbacks;

  /** Tokens of which the client hasn't been told. */
  private final Set<Long> held = new HashSet<>();

  /** Tokens that the client has been told and that it isn't done with. */
  private int told;

  private boolean lookPending;

  UserReferences(ClientSession session, HostCallbacks callbacks) {
    this.session = session;
    this.callbacks = callbacks;
  }

  /** Gives a graph a reference. The client has counted it, so it is told if that is refused. */
  void retain(SessionCall call, long graphHandle, UserReference reference) {
    if (held.contains(reference.token())) {
      throw CallException.invalidValue("the token is in use");
    }
    try {
      retain(session.objects().graph(graphHandle), reference);
    } catch (CallException refused) {
      if (told < TOKENS_MAX) {
        tell(reference.token());
      }
      throw refused;
    }
    call.succeed();
  }

  private void retain(SessionGraph graph, UserReference reference) {
    if (held.size() + told >= TOKENS_MAX || graph.references().size() >= OF_GRAPH_MAX) {
      throw CallException.outOfMemory("the session's graphs hold too many user objects");
    }
    held.add(reference.token());
    List<UserReference> more = new ArrayList<>(graph.references());
    more.add(reference);
    graph.setReferences(more);
  }

  private void tell(long token) {
    told++;
    callbacks.tell(token, () -> told--);
  }

  /** Takes references away from a graph, the oldest first. */
  void release(SessionCall call, long graphHandle, long object, int count) {
    SessionGraph graph = session.objects().graph(graphHandle);
    List<UserReference> left = new ArrayList<>();
    int missing = count;
    for (UserReference each : graph.references()) {
      int taken = each.object() == object ? Math.min(missing, each.count()) : 0;
      missing -= taken;
      if (taken < each.count()) {
        left.add(taken == 0 ? each : new UserReference(object, each.token(), each.count() - taken));
      }
    }
    if (missing > 0) {
      throw CallException.invalidValue("the graph holds fewer references to the object");
    }
    graph.setReferences(left);
    someMayEnd();
    call.succeed();
  }

  /** Graphs, or parts of them, have ended or lost what they held. */
  void someMayEnd() {
    if (!held.isEmpty() && !lookPending) {
      lookPending = true;
      session.serial().execute(this::look);
    }
  }

  private void look() {
    lookPending = false;
    Set<Long> reachable = reachable();
    List<Long> ended = held.stream().filter(token -> !reachable.contains(token)).toList();
    if (!ended.isEmpty()) {
      ended.forEach(held::remove);
      session.epochs().afterWorkSoFar(() -> ended.forEach(this::tell));
    }
  }

  /** Takes over what graphs hold that come from another server. */
  void arrive() {
    held.addAll(reachable());
  }

  private Set<Long> reachable() {
    Search search = new Search();
    SessionObjects objects = session.objects();
    for (SessionGraph graph : objects.graphs().values()) {
      search.add(graph.references());
      for (GraphNode node : graph.nodes()) {
        // Graphs that a node holds are among the session's.
        if (node.held().isEmpty()) {
          search.add(node.origin());
        }
      }
    }
    for (SessionGraphExec exec : objects.graphExecs().values()) {
      search.add(exec.references());
      exec.allSteps().forEach(step -> search.add(step.work()));
    }
    return search.found;
  }

  /**
   * What a launch of a graph holds beside what its steps do: its own, and its conditional nodes'.
   */
  static List<UserReference> ofLaunch(SessionGraph graph) {
    List<UserReference> found = new ArrayList<>(graph.references());
    for (GraphNode node : graph.nodes()) {
      if (node.origin() instanceof NodeWork.Conditional) {
        node.held().forEach(each -> found.addAll(ofLaunch(each)));
      }
    }
    return found.size() == graph.references().size() ? graph.references() : List.copyOf(found);
  }

  /** A look through works, each graph once however often it is a node. */
  private static final class Search {
    private final Set<Long> found = new HashSet<>();
    private final Set<NodeWork> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    void add(List<UserReference> references) {
      references.forEach(each -> found.add(each.token()));
    }

    void add(NodeWork work) {
      if (work instanceof NodeWork.Child child && seen.add(child)) {
        add(child.references());
        child.steps().forEach(step -> add(step.work()));
      } else if (work instanceof NodeWork.Conditional conditional && seen.add(conditional)) {
        conditional.bodies().forEach(body -> body.forEach(step -> add(step.work())));
      }
    }
  }
}
