// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.session.generated.Calls;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
import io.remora.v1.ClientFrame;
import io.remora.v1.CuGraphCreate;
import io.remora.v1.CuGraphDestroy;
import io.remora.v1.CuGraphExecDestroy;
import io.remora.v1.CuGraphInstantiateWithFlags;
import io.remora.v1.CuGraphLaunch;
import io.remora.v1.CuGraphReleaseUserObject;
import io.remora.v1.CuGraphRetainUserObject;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuStreamBeginCaptureV10010;
import io.remora.v1.CuStreamEndCapture;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.HostCallback;
import io.remora.v1.RemoraGraphAddCondition;
import io.remora.v1.RemoraGraphAddNode;
import io.remora.v1.RemoraGraphSetNode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** References to objects of the client: which graphs hold them, and when the client is told. */
class SessionUserReferencesTest {
  private static final long OBJECT = 5;
  private static final int NON_BLOCKING = 1;

  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);
  private final long stream = calls.stream(NON_BLOCKING);

  private long graph() {
    long handle = harness.newHandle();
    harness.call(Calls.CU_GRAPH_CREATE, CuGraphCreate.newBuilder().setPhGraph(handle).build());
    return handle;
  }

  private long holding(long token) {
    long graph = graph();
    retain(graph, token, 1);
    return graph;
  }

  private void retain(long graph, long token, int count) {
    harness.call(
        Calls.CU_GRAPH_RETAIN_USER_OBJECT,
        CuGraphRetainUserObject.newBuilder()
            .setGraph(graph)
            .setObject(OBJECT)
            .setCount(count)
            .setToken(token)
            .build());
  }

  private void release(long graph, int count) {
    harness.call(
        Calls.CU_GRAPH_RELEASE_USER_OBJECT,
        CuGraphReleaseUserObject.newBuilder()
            .setGraph(graph)
            .setObject(OBJECT)
            .setCount(count)
            .build());
  }

  private GraphNodeWork kernel() {
    return GraphNodeWork.newBuilder()
        .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL_VALUE)
        .setF(calls.kernel())
        .setGridDimX(1)
        .setGridDimY(1)
        .setGridDimZ(1)
        .setBlockDimX(1)
        .setBlockDimY(1)
        .setBlockDimZ(1)
        .build();
  }

  private static GraphNodeWork child(long graph) {
    return GraphNodeWork.newBuilder()
        .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_GRAPH_VALUE)
        .setArgument(graph)
        .build();
  }

  private long add(long graph, GraphNodeWork work) {
    long handle = harness.newHandle();
    harness.call(
        Calls.REMORA_GRAPH_ADD_NODE,
        RemoraGraphAddNode.newBuilder().setNode(handle).setGraph(graph).setWork(work).build());
    return handle;
  }

  private long instantiate(long graph) {
    long handle = harness.newHandle();
    harness.answer(
        Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS,
        CuGraphInstantiateWithFlags.newBuilder().setPhGraphExec(handle).setHGraph(graph).build());
    return handle;
  }

  private void launch(long exec) {
    harness.call(
        Calls.CU_GRAPH_LAUNCH,
        CuGraphLaunch.newBuilder().setHGraphExec(exec).setHStream(stream).build());
  }

  private void destroy(long graph) {
    harness.call(Calls.CU_GRAPH_DESTROY, CuGraphDestroy.newBuilder().setHGraph(graph).build());
  }

  private void destroyExec(long exec) {
    harness.call(
        Calls.CU_GRAPH_EXEC_DESTROY, CuGraphExecDestroy.newBuilder().setHGraphExec(exec).build());
  }

  private List<Long> told() {
    return harness.callbacks.stream().map(HostCallback::getToken).toList();
  }

  @Test
  void aLaunchUnderWayHoldsWhatItsGraphHeld() {
    long graph = holding(7);
    add(graph, kernel());
    long exec = instantiate(graph);
    launch(exec);
    destroy(graph);
    destroyExec(exec);
    assertThat(told()).isEmpty();
    harness.run();
    assertThat(told()).containsExactly(7L);
    HostCallback told = harness.callbacks.get(0);
    assertThat(told.getAgain()).isFalse();
    assertThat(told.getSequence()).isNegative();
    harness.send(ClientFrame.newBuilder().addCallbacksDone(told.getSequence()).build());
    assertThat(harness.ended).isNull();
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void nodesHoldWhatTheirGraphsHeldUntilTheyGetOthers() {
    long outer = graph();
    long first = holding(1);
    long second = holding(2);
    long node = add(outer, child(first));
    long exec = instantiate(outer);
    harness.call(
        Calls.REMORA_GRAPH_SET_NODE,
        RemoraGraphSetNode.newBuilder().setExec(exec).setNode(node).setWork(child(second)).build());
    destroy(first);
    destroy(second);
    assertThat(told()).isEmpty();
    destroy(outer);
    assertThat(told()).containsExactly(1L);
    destroyExec(exec);
    assertThat(told()).containsExactly(1L, 2L);
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void whatIsInstantiatedHoldsWhatGraphsInConditionalNodesHold() throws Exception {
    long outer = graph();
    long word =
        CuMemAlloc.parseFrom(
                harness
                    .answer(Calls.CU_MEM_ALLOC, CuMemAlloc.newBuilder().setBytesize(4).build())
                    .getOutputs())
            .getDptr();
    long body =
        RemoraGraphAddCondition.parseFrom(
                harness
                    .answer(
                        Calls.REMORA_GRAPH_ADD_CONDITION,
                        RemoraGraphAddCondition.newBuilder()
                            .setNode(harness.newHandle())
                            .setGraph(outer)
                            .setAddress(word)
                            .setSize(1)
                            .build())
                    .getOutputs())
            .getGraphs(0);
    long inner = holding(2);
    retain(body, 1, 1);
    add(body, child(inner));
    destroy(inner);
    long exec = instantiate(outer);
    destroy(outer);
    assertThat(told()).isEmpty();
    destroyExec(exec);
    assertThat(told()).containsExactlyInAnyOrder(1L, 2L);
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void aCapturedLaunchHoldsWhatWasLaunched() {
    long graph = holding(3);
    long exec = instantiate(graph);
    long captured = harness.newHandle();
    harness.answer(
        Calls.CU_STREAM_BEGIN_CAPTURE_V10010,
        CuStreamBeginCaptureV10010.newBuilder().setHStream(stream).setGraph(captured).build());
    launch(exec);
    harness.answer(
        Calls.CU_STREAM_END_CAPTURE, CuStreamEndCapture.newBuilder().setHStream(stream).build());
    destroy(graph);
    destroyExec(exec);
    assertThat(told()).isEmpty();
    destroy(captured);
    assertThat(told()).containsExactly(3L);
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void aGraphLetsGoOfWhatItHasAndNoMore() {
    long graph = graph();
    retain(graph, 1, 2);
    retain(graph, 2, 1);
    release(graph, 1);
    assertThat(told()).isEmpty();
    release(graph, 3);
    retain(graph, 2, 1);
    assertThat(harness.errors)
        .extracting(error -> error.getResult())
        .containsExactly(
            CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, CUresult.CUDA_ERROR_INVALID_VALUE_VALUE);
    release(graph, 1);
    assertThat(told()).containsExactly(1L);
    destroy(graph);
    assertThat(told()).containsExactly(1L, 2L);
  }

  @Test
  void whatARefusedGraphDoesntHoldIsTold() {
    retain(harness.newHandle(), 1, 1);
    assertThat(harness.errors).hasSize(1);
    assertThat(told()).containsExactly(1L);
    long graph = holding(2);
    retain(graph, 2, 1);
    assertThat(harness.errors).as("the token is in use").hasSize(2);
    assertThat(told()).containsExactly(1L);
  }

  @Test
  void aClientThatLeavesWhatItIsToldUndoneIsRefusedMore() {
    int most = 1 << 16;
    long graph = graph();
    for (int token = 1; token <= most; token++) {
      retain(graph, token, 1);
      release(graph, 1);
    }
    assertThat(harness.errors).isEmpty();
    assertThat(told()).hasSize(most);
    retain(graph, most + 1, 1);
    assertThat(harness.errors)
        .extracting(error -> error.getResult())
        .containsExactly(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    assertThat(told()).hasSize(most);
  }
}
