// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
import io.remora.v1.CuEventCreate;
import io.remora.v1.CuEventRecordWithFlags;
import io.remora.v1.CuGraphCreate;
import io.remora.v1.CuGraphInstantiateWithFlags;
import io.remora.v1.CuGraphLaunch;
import io.remora.v1.CuLaunchKernelEx;
import io.remora.v1.CuModuleGetFunction;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.CuStreamBeginCaptureV10010;
import io.remora.v1.CuStreamCreateWithPriority;
import io.remora.v1.CuStreamEndCapture;
import io.remora.v1.CuStreamSynchronize;
import io.remora.v1.CuStreamWaitEvent;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.LaunchAttribute;
import io.remora.v1.RemoraGraphAddNode;
import io.remora.v1.RemoraGraphQuery;
import io.remora.v1.RemoraUploadImage;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Edges of graphs that say more than that one node comes behind the other, on another server, and
 * captures that make them.
 */
class SessionMoveEdgesTest {
  private static final long HANDLE = HandleTable.FIRST_HANDLE;
  private static final long STREAM = HANDLE;
  private static final long MODULE = HANDLE + 1;
  private static final long FUNCTION = HANDLE + 2;
  private static final long CAPTURED = HANDLE + 3;
  private static final long BUILT = HANDLE + 4;
  private static final long EXEC = HANDLE + 5;
  private static final long FIRST = HANDLE + 6;
  private static final long SECOND = HANDLE + 7;
  private static final long FORKED = HANDLE + 8;
  private static final long FORK = HANDLE + 9;
  private static final long LATER_FORK = HANDLE + 10;
  private static final long JOIN = HANDLE + 11;
  private static final int EDGES = 2;

  /** {@code CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION}. */
  private static final int PROGRAMMATIC_SERIALIZATION = 6;

  /** Of {@code CUgraphEdgeData}: port 1 and type 1; port 2, a kernel's begin. */
  private static final int PROGRAMMATIC = 1 | 1 << 16;

  private static final int BEGUN = 2;

  private static final byte[] KERNEL =
      ".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry nothing() { ret; }\n"
          .getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  private final MoveRoom here = new MoveRoom(64L << 20);
  private final MoveRoom there = new MoveRoom(64L << 20);

  @SuppressWarnings("NullAway.Init") // Each test opens it.
  private MovingClient client;

  @AfterEach
  void closeRooms() {
    here.close();
    there.close();
  }

  private void open() throws Exception {
    client = new MovingClient(here.sessions, MovingClient.grant(here.account, here.closed));
    ByteString hash = ByteString.copyFrom(TestCalls.sha256(KERNEL));
    client.call(
        Calls.REMORA_UPLOAD_IMAGE,
        RemoraUploadImage.newBuilder()
            .setSha256(hash)
            .setTotalBytes(KERNEL.length)
            .setData(ByteString.copyFrom(KERNEL))
            .build());
    client.wait(
        Calls.CU_MODULE_LOAD_DATA,
        CuModuleLoadData.newBuilder()
            .setModule(MODULE)
            .setImageSha256(hash)
            .setImageBytes(KERNEL.length)
            .build());
    client.wait(
        Calls.CU_MODULE_GET_FUNCTION,
        CuModuleGetFunction.newBuilder()
            .setHfunc(FUNCTION)
            .setHmod(MODULE)
            .setName("nothing")
            .build());
    client.call(
        Calls.CU_STREAM_CREATE_WITH_PRIORITY,
        CuStreamCreateWithPriority.newBuilder().setPhStream(STREAM).setFlags(1).build());
  }

  private void capture() throws Exception {
    begin();
    launch(STREAM);
    launch(STREAM);
    end();
  }

  private void begin() throws Exception {
    client.wait(
        Calls.CU_STREAM_BEGIN_CAPTURE_V10010,
        CuStreamBeginCaptureV10010.newBuilder()
            .setHStream(STREAM)
            .setThread(1)
            .setGraph(CAPTURED)
            .build());
  }

  private void launch(long stream) throws Exception {
    client.call(
        Calls.CU_LAUNCH_KERNEL_EX,
        CuLaunchKernelEx.newBuilder()
            .setF(FUNCTION)
            .setGridDimX(1)
            .setGridDimY(1)
            .setGridDimZ(1)
            .setBlockDimX(1)
            .setBlockDimY(1)
            .setBlockDimZ(1)
            .setHStream(stream)
            .addAttributes(
                LaunchAttribute.newBuilder()
                    .setId(PROGRAMMATIC_SERIALIZATION)
                    .setValue(ByteString.copyFrom(new byte[] {1, 0, 0, 0})))
            .build());
  }

  private void end() throws Exception {
    client.wait(
        Calls.CU_STREAM_END_CAPTURE,
        CuStreamEndCapture.newBuilder().setHStream(STREAM).setThread(1).build());
  }

  private void record(long event, long stream) throws Exception {
    client.call(Calls.CU_EVENT_CREATE, CuEventCreate.newBuilder().setPhEvent(event).build());
    client.call(
        Calls.CU_EVENT_RECORD_WITH_FLAGS,
        CuEventRecordWithFlags.newBuilder().setHEvent(event).setHStream(stream).build());
  }

  private void await(long event, long stream) throws Exception {
    client.call(
        Calls.CU_STREAM_WAIT_EVENT,
        CuStreamWaitEvent.newBuilder().setHEvent(event).setHStream(stream).build());
  }

  private void move() throws Exception {
    Hand hand = new Hand(there);
    client.session.depart(TimeUnit.SECONDS.toNanos(MovingClient.WAIT_SECONDS), hand);
    client.follow(hand.arrived.get(MovingClient.WAIT_SECONDS, TimeUnit.SECONDS));
  }

  private void build() throws Exception {
    client.call(Calls.CU_GRAPH_CREATE, CuGraphCreate.newBuilder().setPhGraph(BUILT).build());
    GraphNodeWork kernel =
        GraphNodeWork.newBuilder()
            .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL_VALUE)
            .setF(FUNCTION)
            .setGridDimX(1)
            .setGridDimY(1)
            .setGridDimZ(1)
            .setBlockDimX(1)
            .setBlockDimY(1)
            .setBlockDimZ(1)
            .build();
    client.call(
        Calls.REMORA_GRAPH_ADD_NODE,
        RemoraGraphAddNode.newBuilder().setNode(FIRST).setGraph(BUILT).setWork(kernel).build());
    client.call(
        Calls.REMORA_GRAPH_ADD_NODE,
        RemoraGraphAddNode.newBuilder()
            .setNode(SECOND)
            .setGraph(BUILT)
            .addDependencies(FIRST)
            .addEdgeData(BEGUN)
            .setWork(kernel)
            .build());
    client.wait(
        Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS,
        CuGraphInstantiateWithFlags.newBuilder().setPhGraphExec(EXEC).setHGraph(CAPTURED).build());
  }

  private List<Integer> edges(long graph) throws Exception {
    RemoraGraphQuery query = RemoraGraphQuery.newBuilder().setWhat(EDGES).setObject(graph).build();
    return RemoraGraphQuery.parseFrom(client.wait(Calls.REMORA_GRAPH_QUERY, query).getOutputs())
        .getEdgeDataList();
  }

  /** A fork before the move is joined after it. */
  @Test
  void aCaptureGoesOn() throws Exception {
    open();
    client.call(
        Calls.CU_STREAM_CREATE_WITH_PRIORITY,
        CuStreamCreateWithPriority.newBuilder().setPhStream(FORKED).setFlags(1).build());
    begin();
    launch(STREAM);
    record(FORK, STREAM);
    await(FORK, FORKED);
    launch(FORKED);
    record(LATER_FORK, STREAM);
    move();

    List<Answer> refused =
        client.pieces(
            client.call(
                Calls.CU_STREAM_END_CAPTURE,
                CuStreamEndCapture.newBuilder().setHStream(STREAM).setThread(2).build()));
    assertThat(refused)
        .extracting(Answer::getResult)
        .containsExactly(CUresult.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD_VALUE);
    await(LATER_FORK, FORKED);
    launch(FORKED);
    record(JOIN, FORKED);
    await(JOIN, STREAM);
    launch(STREAM);
    end();
    // From the first node to three; from the fork's first to its second, and from there on.
    assertThat(edges(CAPTURED)).containsExactlyInAnyOrder(0, 0, PROGRAMMATIC, PROGRAMMATIC, 0);
    assertThat(client.errors).isEmpty();
  }

  @Test
  void aCaptureThatIsNotJoinedThereFails() throws Exception {
    open();
    client.call(
        Calls.CU_STREAM_CREATE_WITH_PRIORITY,
        CuStreamCreateWithPriority.newBuilder().setPhStream(FORKED).setFlags(1).build());
    begin();
    record(FORK, STREAM);
    await(FORK, FORKED);
    launch(FORKED);
    move();
    List<Answer> refused =
        client.pieces(
            client.call(
                Calls.CU_STREAM_END_CAPTURE,
                CuStreamEndCapture.newBuilder().setHStream(STREAM).setThread(1).build()));
    assertThat(refused)
        .extracting(Answer::getResult)
        .containsExactly(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNJOINED_VALUE);
  }

  @Test
  void theyAreThereAsTheyWere() throws Exception {
    open();
    capture();
    build();
    assertThat(edges(CAPTURED)).containsExactly(PROGRAMMATIC);
    assertThat(edges(BUILT)).containsExactly(BEGUN);
    move();

    assertThat(edges(CAPTURED)).containsExactly(PROGRAMMATIC);
    assertThat(edges(BUILT)).containsExactly(BEGUN);
    client.call(
        Calls.CU_GRAPH_LAUNCH,
        CuGraphLaunch.newBuilder().setHGraphExec(EXEC).setHStream(STREAM).build());
    client.wait(
        Calls.CU_STREAM_SYNCHRONIZE, CuStreamSynchronize.newBuilder().setHStream(STREAM).build());
    assertThat(client.errors).isEmpty();
  }
}
