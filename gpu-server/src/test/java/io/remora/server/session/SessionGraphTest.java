// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUgraphExecUpdateResult;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
import io.remora.v1.ClientFrame;
import io.remora.v1.CuGraphClone;
import io.remora.v1.CuGraphCreate;
import io.remora.v1.CuGraphInstantiateWithFlags;
import io.remora.v1.CuGraphLaunch;
import io.remora.v1.CuGraphNodeFindInClone;
import io.remora.v1.CuGraphNodeSetEnabled;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.RemoraGraphAddNode;
import io.remora.v1.RemoraGraphChangeEdges;
import io.remora.v1.RemoraGraphExecUpdate;
import io.remora.v1.RemoraGraphInput;
import io.remora.v1.RemoraGraphKernelNode;
import io.remora.v1.RemoraGraphQuery;
import io.remora.v1.RemoraGraphSetNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Graphs that a program builds by hand. */
class SessionGraphTest {
  private static final int KERNEL = CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL_VALUE;
  private static final int HOST = CUgraphNodeType.CU_GRAPH_NODE_TYPE_HOST_VALUE;
  private static final int EMPTY = CUgraphNodeType.CU_GRAPH_NODE_TYPE_EMPTY_VALUE;
  private static final int CHILD = CUgraphNodeType.CU_GRAPH_NODE_TYPE_GRAPH_VALUE;
  private static final int EDGES = 2;
  private static final int NON_BLOCKING = 1;

  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);
  private final long function = calls.kernel();
  private final long stream = calls.stream(NON_BLOCKING);

  private long graph() {
    long handle = harness.newHandle();
    harness.call(Calls.CU_GRAPH_CREATE, CuGraphCreate.newBuilder().setPhGraph(handle).build());
    return handle;
  }

  private long add(long graph, GraphNodeWork.Builder work, Long... dependencies) {
    long handle = harness.newHandle();
    harness.call(
        Calls.REMORA_GRAPH_ADD_NODE,
        RemoraGraphAddNode.newBuilder()
            .setNode(handle)
            .setGraph(graph)
            .addAllDependencies(List.of(dependencies))
            .setWork(work)
            .build());
    return handle;
  }

  private GraphNodeWork.Builder kernel(int mark) {
    return GraphNodeWork.newBuilder()
        .setType(KERNEL)
        .setF(function)
        .setGridDimX(mark)
        .setGridDimY(1)
        .setGridDimZ(1)
        .setBlockDimX(1)
        .setBlockDimY(1)
        .setBlockDimZ(1);
  }

  private static GraphNodeWork.Builder other(int type, long argument) {
    return GraphNodeWork.newBuilder().setType(type).setArgument(argument);
  }

  private long instantiate(long graph) {
    long handle = harness.newHandle();
    Answer answer =
        harness.answer(
            Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS,
            CuGraphInstantiateWithFlags.newBuilder()
                .setPhGraphExec(handle)
                .setHGraph(graph)
                .build());
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return handle;
  }

  private long launch(long exec) {
    return harness.call(
        Calls.CU_GRAPH_LAUNCH,
        CuGraphLaunch.newBuilder().setHGraphExec(exec).setHStream(stream).build());
  }

  private List<Integer> launched() {
    return harness.domain().log.stream()
        .filter(each -> each.startsWith("launch"))
        .map(each -> Integer.parseInt(each.split(" ")[1]))
        .toList();
  }

  @Test
  void aLaunchRunsTheNodesInAnOrderThatKeepsTheEdgesAndBetweenTheStreamsOtherWork() {
    long graph = graph();
    long last = add(graph, kernel(30));
    long first = add(graph, kernel(10));
    long middle = add(graph, kernel(20), first);
    harness.call(
        Calls.REMORA_GRAPH_CHANGE_EDGES,
        RemoraGraphChangeEdges.newBuilder().setGraph(graph).addFrom(middle).addTo(last).build());
    long exec = instantiate(graph);
    calls.launch(function, stream, 1);
    launch(exec);
    calls.launch(function, stream, 2);
    long waiting = calls.synchronize(stream);
    assertThat(harness.isAnswered(waiting)).isFalse();
    harness.run();
    assertThat(harness.answerTo(waiting).getResult()).isZero();
    assertThat(launched()).containsExactly(1, 10, 20, 30, 2);
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void whatWasInstantiatedIsIndependentOfItsGraphAndTakesNewParameters() throws Exception {
    long graph = graph();
    long node = add(graph, kernel(1));
    long exec = instantiate(graph);
    add(graph, kernel(2), node);
    harness.call(
        Calls.REMORA_GRAPH_SET_NODE,
        RemoraGraphSetNode.newBuilder().setExec(exec).setNode(node).setWork(kernel(5)).build());
    launch(exec);
    harness.run();
    assertThat(launched()).containsExactly(5);
    RemoraGraphKernelNode parameters =
        RemoraGraphKernelNode.parseFrom(
            harness
                .answer(
                    Calls.REMORA_GRAPH_KERNEL_NODE,
                    RemoraGraphKernelNode.newBuilder().setNode(node).build())
                .getOutputs());
    assertThat(parameters.getGridDimX()).isEqualTo(1);
    assertThat(parameters.getF()).isEqualTo(function);
  }

  @Test
  void anUpdateTakesOverParametersAndNoticesAnotherShape() throws Exception {
    long graph = graph();
    add(graph, kernel(2), add(graph, kernel(1)));
    long exec = instantiate(graph);
    long same = graph();
    add(same, kernel(4), add(same, kernel(3)));
    assertThat(update(exec, same)).isEqualTo(CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_SUCCESS);
    launch(exec);
    harness.run();
    assertThat(launched()).containsExactly(3, 4);

    long wider = graph();
    add(wider, kernel(1));
    add(wider, kernel(1));
    assertThat(update(exec, wider))
        .isEqualTo(CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED);
    long otherType = graph();
    add(otherType, kernel(2), add(otherType, other(EMPTY, 0)));
    assertThat(update(exec, otherType))
        .isEqualTo(CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED);
  }

  private CUgraphExecUpdateResult update(long exec, long graph)
      throws InvalidProtocolBufferException {
    Answer answer =
        harness.answer(
            Calls.REMORA_GRAPH_EXEC_UPDATE,
            RemoraGraphExecUpdate.newBuilder().setExec(exec).setGraph(graph).build());
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return CUgraphExecUpdateResult.forNumber(
        RemoraGraphExecUpdate.parseFrom(answer.getOutputs()).getResult());
  }

  @Test
  void hostNodesStopTheStreamAtEachLaunch() {
    long graph = graph();
    long before = add(graph, kernel(1));
    long host = add(graph, other(HOST, 77), before);
    add(graph, kernel(2), host);
    long exec = instantiate(graph);
    launch(exec);
    launch(exec);
    for (int round = 1; round <= 2; round++) {
      harness.run();
      assertThat(harness.callbacks).hasSize(round);
      assertThat(harness.callbacks.get(round - 1).getToken()).isEqualTo(77);
      assertThat(harness.callbacks.get(round - 1).getAgain()).isTrue();
      assertThat(launched()).hasSize(2 * round - 1);
      harness.send(
          ClientFrame.newBuilder()
              .addCallbacksDone(harness.callbacks.get(round - 1).getSequence())
              .build());
      harness.run();
    }
    assertThat(launched()).containsExactly(1, 2, 1, 2);
  }

  @Test
  void clonesChildrenAndDisabledNodes() throws Exception {
    long graph = graph();
    long first = add(graph, kernel(1));
    add(graph, kernel(2), first);
    long clone = harness.newHandle();
    harness.call(
        Calls.CU_GRAPH_CLONE,
        CuGraphClone.newBuilder().setPhGraphClone(clone).setOriginalGraph(graph).build());
    long found =
        CuGraphNodeFindInClone.parseFrom(
                harness
                    .answer(
                        Calls.CU_GRAPH_NODE_FIND_IN_CLONE,
                        CuGraphNodeFindInClone.newBuilder()
                            .setHOriginalNode(first)
                            .setHClonedGraph(clone)
                            .build())
                    .getOutputs())
            .getPhNode();
    RemoraGraphQuery edges =
        RemoraGraphQuery.parseFrom(
            harness
                .answer(
                    Calls.REMORA_GRAPH_QUERY,
                    RemoraGraphQuery.newBuilder().setWhat(EDGES).setObject(clone).build())
                .getOutputs());
    assertThat(edges.getFirstList()).containsExactly(found);
    long parent = graph();
    add(parent, kernel(3), add(parent, other(CHILD, clone)));
    launch(instantiate(parent));
    long exec = instantiate(graph);
    harness.call(
        Calls.CU_GRAPH_NODE_SET_ENABLED,
        CuGraphNodeSetEnabled.newBuilder().setHGraphExec(exec).setHNode(first).build());
    launch(exec);
    harness.run();
    assertThat(harness.errors).isEmpty();
    assertThat(launched()).containsExactly(1, 2, 3, 2);
  }

  @Test
  void circlesAndForeignNodesAreRefused() {
    long graph = graph();
    long first = add(graph, kernel(1));
    long second = add(graph, kernel(2), first);
    harness.call(
        Calls.REMORA_GRAPH_CHANGE_EDGES,
        RemoraGraphChangeEdges.newBuilder().setGraph(graph).addFrom(second).addTo(first).build());
    long another = graph();
    add(another, kernel(3), first);
    assertThat(harness.errors).hasSize(2);
    assertThat(harness.errors)
        .allMatch(error -> error.getResult() == CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    launch(instantiate(another));
    harness.run();
    assertThat(launched()).isEmpty();
  }

  @Test
  void aFailingKernelNamesTheLaunchOfItsGraph() {
    harness.domain().kernel =
        launch ->
            launch.gridX() == 2
                ? CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE
                : CUresult.CUDA_SUCCESS_VALUE;
    long graph = graph();
    long node = add(graph, kernel(1));
    for (int i = 0; i < 40; i++) {
      node = add(graph, kernel(i == 20 ? 2 : 1), node);
    }
    long exec = instantiate(graph);
    long launch = launch(exec);
    harness.run();
    assertThat(harness.errors).hasSize(1);
    assertThat(harness.errors.get(0).getSequence()).isEqualTo(launch);
    assertThat(harness.errors.get(0).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE);
  }

  @Test
  void aLaunchTakesTheBytesThatWereSentForItAndNothingWithoutThem() {
    long address = calls.allocate(8);
    long graph = graph();
    add(
        graph,
        GraphNodeWork.newBuilder()
            .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY_VALUE)
            .setDst(address)
            .setWidthBytes(8)
            .setHeight(1)
            .setArgument(3)
            .setHostCopy(1));
    long exec = instantiate(graph);
    launch(exec);
    assertThat(harness.errors).hasSize(1);
    assertThat(harness.errors.get(0).getDetail()).contains("lacks bytes");
    input(exec, 0, "abcd");
    input(exec, 4, "efgh");
    launch(exec);
    assertThat(harness.framesHeld.get()).isEqualTo(2);
    harness.run();
    assertThat(harness.framesHeld.get()).isZero();
    assertThat(new String(harness.domain().peek(address, 8), StandardCharsets.US_ASCII))
        .isEqualTo("abcdefgh");
    input(exec, 0, "abcd");
    launch(exec);
    assertThat(harness.errors.get(1).getDetail()).contains("lacks bytes");
    assertThat(harness.framesHeld.get()).isZero();
    input(exec, 0, "never");
    harness.session.onEnd("test");
    assertThat(harness.framesHeld.get()).isZero();
  }

  @Test
  void graphsWithinGraphsCannotGrowWithoutBound() {
    long graph = graph();
    add(graph, other(EMPTY, 0));
    for (int level = 0; level < 12; level++) {
      long parent = graph();
      for (int i = 0; i < 8; i++) {
        add(parent, other(CHILD, graph));
      }
      graph = parent;
    }
    assertThat(harness.errors).isNotEmpty();
    assertThat(harness.errors.get(0).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
  }

  private void input(long exec, long offset, String bytes) {
    harness.call(
        Calls.REMORA_GRAPH_INPUT,
        RemoraGraphInput.newBuilder()
            .setExec(exec)
            .setArgument(3)
            .setSrcHost(ByteString.copyFromUtf8(bytes))
            .setChunkOffset(offset)
            .build());
  }
}
