// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.remora.server.session.generated.Calls;
import io.remora.v1.Answer;
import io.remora.v1.CUresult;
import io.remora.v1.CuEventQuery;
import io.remora.v1.CuGraphInstantiateWithFlags;
import io.remora.v1.CuGraphLaunch;
import io.remora.v1.CuLaunchHostFunc;
import io.remora.v1.CuLaunchKernelEx;
import io.remora.v1.CuMemcpyDtoDAsync;
import io.remora.v1.CuMemcpyHtoDAsync;
import io.remora.v1.CuMemsetD8Async;
import io.remora.v1.CuStreamBeginCaptureV10010;
import io.remora.v1.CuStreamEndCapture;
import io.remora.v1.CuStreamGetCaptureInfoV11030;
import io.remora.v1.CuStreamSynchronize;
import io.remora.v1.LaunchAttribute;
import io.remora.v1.RemoraGraphQuery;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Captured streams: which calls become nodes, behind which others, and what can't be captured. */
class SessionCaptureTest {
  private static final int BLOCKING = 0;
  private static final int NON_BLOCKING = 1;
  private static final int GLOBAL = 0;
  private static final int RELAXED = 2;
  private static final int EDGES = 2;

  /** {@code CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION}. */
  private static final int PROGRAMMATIC_SERIALIZATION = 6;

  /** Port 1 and type 1 of {@code CUgraphEdgeData}. */
  private static final int PROGRAMMATIC_EDGE = 1 | 1 << 16;

  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);
  private final long function = calls.kernel();
  private final long stream = calls.stream(NON_BLOCKING);
  private final long side = calls.stream(NON_BLOCKING);

  private Answer begin(long on, int mode, long thread) {
    return harness.answer(
        Calls.CU_STREAM_BEGIN_CAPTURE_V10010,
        CuStreamBeginCaptureV10010.newBuilder()
            .setHStream(on)
            .setMode(mode)
            .setThread(thread)
            .setGraph(harness.newHandle())
            .build());
  }

  private void begin(long on) {
    assertThat(begin(on, GLOBAL, 1).getResult()).isZero();
  }

  private Answer end(long on, long thread) {
    return harness.answer(
        Calls.CU_STREAM_END_CAPTURE,
        CuStreamEndCapture.newBuilder().setHStream(on).setThread(thread).build());
  }

  private long end(long on) throws Exception {
    Answer answer = end(on, 1);
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return CuStreamEndCapture.parseFrom(answer.getOutputs()).getPhGraph();
  }

  private void launchGraph(long graph, long on) {
    long exec = harness.newHandle();
    Answer answer =
        harness.answer(
            Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS,
            CuGraphInstantiateWithFlags.newBuilder().setPhGraphExec(exec).setHGraph(graph).build());
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    harness.call(
        Calls.CU_GRAPH_LAUNCH,
        CuGraphLaunch.newBuilder().setHGraphExec(exec).setHStream(on).build());
  }

  private RemoraGraphQuery edges(long graph) throws Exception {
    return RemoraGraphQuery.parseFrom(
        harness
            .answer(
                Calls.REMORA_GRAPH_QUERY,
                RemoraGraphQuery.newBuilder().setWhat(EDGES).setObject(graph).build())
            .getOutputs());
  }

  /** A launch that may begin before the kernel before it on its stream has ended, if allowed. */
  private void launchProgrammatic(long on, int allowed) {
    ByteString value = ByteString.copyFrom(new byte[] {(byte) allowed, 0, 0, 0});
    harness.call(
        Calls.CU_LAUNCH_KERNEL_EX,
        CuLaunchKernelEx.newBuilder()
            .setF(function)
            .setGridDimX(1)
            .setGridDimY(1)
            .setGridDimZ(1)
            .setBlockDimX(1)
            .setBlockDimY(1)
            .setBlockDimZ(1)
            .setHStream(on)
            .addAttributes(
                LaunchAttribute.newBuilder().setId(PROGRAMMATIC_SERIALIZATION).setValue(value))
            .build());
  }

  @Test
  void aProgrammaticLaunchGetsSuchAnEdgeToTheKernelBeforeItOnItsStream() throws Exception {
    begin(stream);
    calls.launch(function, stream, 1);
    launchProgrammatic(stream, 1);
    launchProgrammatic(stream, 0);
    long graph = end(stream);
    assertThat(edges(graph).getEdgeDataList()).containsExactly(PROGRAMMATIC_EDGE, 0);
    launchGraph(graph, stream);
    harness.run();
    assertThat(done()).hasSize(3);
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void whatIsNoKernelOrOnAnotherStreamIsWaitedForWhole() throws Exception {
    long address = calls.allocate(16);
    long fork = calls.event();
    long join = calls.event();
    begin(stream);
    launchProgrammatic(stream, 1);
    harness.call(
        Calls.CU_MEMSET_D8_ASYNC,
        CuMemsetD8Async.newBuilder().setDstDevice(address).setN(16).setHStream(stream).build());
    launchProgrammatic(stream, 1);
    calls.record(fork, stream);
    calls.waitEvent(side, fork);
    launchProgrammatic(side, 1);
    calls.record(join, side);
    calls.launch(function, stream, 3);
    calls.waitEvent(stream, join);
    launchProgrammatic(stream, 1);
    assertThat(harness.errors).isEmpty();
    RemoraGraphQuery edges = edges(end(stream));
    assertThat(edges.getEdgeDataList()).hasSize(6).containsOnlyOnce(PROGRAMMATIC_EDGE);
    int programmatic = edges.getEdgeDataList().indexOf(PROGRAMMATIC_EDGE);
    // The kernel of the stream itself and that of the side stream come before the last one.
    long last = edges.getSecond(programmatic);
    assertThat(edges.getSecondList()).filteredOn(to -> to == last).hasSize(2);
  }

  private List<String> done() {
    return harness.domain().log.stream().map(each -> each.split(" on ")[0]).toList();
  }

  private int lastError() {
    return harness.errors.get(harness.errors.size() - 1).getResult();
  }

  @Test
  void capturedCallsRunOnlyWhenTheirGraphIsLaunched() throws Exception {
    long a = calls.allocate(1024);
    long b = calls.allocate(1024);
    begin(stream);
    calls.launch(function, stream, 1);
    harness.call(
        Calls.CU_MEMSET_D8_ASYNC,
        CuMemsetD8Async.newBuilder().setDstDevice(a).setN(1024).setHStream(stream).build());
    harness.call(
        Calls.CU_MEMCPY_DTO_D_ASYNC,
        CuMemcpyDtoDAsync.newBuilder()
            .setDstDevice(b)
            .setSrcDevice(a)
            .setByteCount(1024)
            .setHStream(stream)
            .build());
    harness.call(
        Calls.CU_LAUNCH_HOST_FUNC,
        CuLaunchHostFunc.newBuilder().setHStream(stream).setToken(9).build());
    calls.launch(function, stream, 2);
    long graph = end(stream);
    harness.run();
    assertThat(done()).isEmpty();
    launchGraph(graph, stream);
    harness.run();
    assertThat(harness.errors).isEmpty();
    assertThat(done()).first().isEqualTo("launch 1");
    assertThat(done()).contains("copy").doesNotContain("launch 2");
    assertThat(harness.callbacks).hasSize(1);
  }

  @Test
  void anotherStreamJoinsByAnEventAndIsJoinedAgain() throws Exception {
    long fork = calls.event();
    long join = calls.event();
    begin(stream);
    calls.launch(function, stream, 1);
    calls.record(fork, stream);
    calls.waitEvent(side, fork);
    calls.launch(function, side, 2);
    calls.launch(function, stream, 3);
    calls.record(join, side);
    calls.waitEvent(stream, join);
    calls.launch(function, stream, 4);
    CuStreamGetCaptureInfoV11030 info =
        CuStreamGetCaptureInfoV11030.parseFrom(
            harness
                .answer(
                    Calls.CU_STREAM_GET_CAPTURE_INFO_V11030,
                    CuStreamGetCaptureInfoV11030.newBuilder().setHStream(side).build())
                .getOutputs());
    assertThat(info.getCaptureStatusOut()).isEqualTo(1);
    assertThat(info.getDependenciesOutCount()).isEqualTo(1);
    long graph = end(stream);
    assertThat(info.getGraphOut()).isEqualTo(graph);
    assertThat(edges(graph).getFirstCount()).isEqualTo(4);
    launchGraph(graph, side);
    harness.run();
    assertThat(done()).hasSize(4).startsWith("launch 1").endsWith("launch 4");
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void aForkThatIsNotJoinedEndsWithUnjoined() {
    long fork = calls.event();
    begin(stream);
    calls.record(fork, stream);
    calls.waitEvent(side, fork);
    calls.launch(function, side, 2);
    assertThat(end(side, 1).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNMATCHED_VALUE);
    assertThat(end(stream, 1).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNJOINED_VALUE);
    assertThat(end(stream, 1).getResult()).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_STATE_VALUE);
    calls.launch(function, side, 5);
    harness.run();
    assertThat(done()).containsExactly("launch 5");
  }

  @Test
  void waitingForACapturingStreamInvalidatesTheCapture() {
    begin(stream);
    Answer synchronised =
        harness.answer(
            Calls.CU_STREAM_SYNCHRONIZE,
            CuStreamSynchronize.newBuilder().setHStream(stream).build());
    assertThat(synchronised.getResult())
        .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED_VALUE);
    calls.launch(function, stream, 1);
    assertThat(lastError()).isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED_VALUE);
    assertThat(end(stream, 1).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED_VALUE);
    harness.run();
    assertThat(done()).isEmpty();
  }

  @Test
  void copiesOfHostMemoryAreNotCaptured() {
    long address = calls.allocate(16);
    begin(stream);
    harness.call(
        Calls.CU_MEMCPY_HTO_D_ASYNC,
        CuMemcpyHtoDAsync.newBuilder()
            .setDstDevice(address)
            .setSrcHost(ByteString.copyFrom(new byte[16]))
            .setByteCount(16)
            .setHStream(stream)
            .build());
    assertThat(lastError()).isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED_VALUE);
    assertThat(harness.framesHeld.get()).isZero();
  }

  @Test
  void eventsFromOutsideOrFromAnotherCaptureDoNotMix() {
    long outside = calls.event();
    calls.record(outside, side);
    begin(stream);
    calls.waitEvent(stream, outside);
    assertThat(lastError()).isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_ISOLATION_VALUE);
    end(stream, 1);

    long inside = calls.event();
    begin(stream);
    begin(side);
    calls.record(inside, stream);
    calls.waitEvent(side, inside);
    assertThat(lastError()).isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_MERGE_VALUE);
    assertThat(
            harness
                .answer(Calls.CU_EVENT_QUERY, CuEventQuery.newBuilder().setHEvent(inside).build())
                .getResult())
        .isEqualTo(CUresult.CUDA_ERROR_CAPTURED_EVENT_VALUE);
  }

  @Test
  void workOnTheLegacyStreamMayNotDependOnACapturingBlockingStream() {
    long blocking = calls.stream(BLOCKING);
    begin(blocking);
    calls.launch(function, 0, 1);
    assertThat(lastError()).isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_IMPLICIT_VALUE);
    assertThat(begin(0, GLOBAL, 1).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED_VALUE);
  }

  @Test
  void onlyARelaxedCaptureMayEndInAnotherThread() {
    begin(stream);
    assertThat(end(stream, 2).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD_VALUE);
    assertThat(end(stream, 1).getResult()).isZero();
    assertThat(begin(stream, RELAXED, 1).getResult()).isZero();
    assertThat(begin(stream, RELAXED, 1).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_STATE_VALUE);
    assertThat(end(stream, 2).getResult()).isZero();
  }
}
