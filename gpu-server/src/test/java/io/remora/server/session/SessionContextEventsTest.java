// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
import io.remora.v1.CuCtxCreate;
import io.remora.v1.CuCtxDestroy;
import io.remora.v1.CuCtxRecordEvent;
import io.remora.v1.CuCtxWaitEvent;
import io.remora.v1.CuEventQuery;
import io.remora.v1.CuMemcpyDtoD;
import io.remora.v1.CuPointerGetAttribute;
import io.remora.v1.CuPointerSetAttribute;
import io.remora.v1.CuStreamBeginCaptureV10010;
import io.remora.v1.CuStreamDestroy;
import io.remora.v1.CuStreamEndCapture;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Events for all work of a context, and memory whose synchronous operations are over at once. */
class SessionContextEventsTest {
  private static final int NON_BLOCKING = 1;
  private static final int SYNC_MEMOPS = 6;

  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);
  private final long function = calls.kernel();

  private void record(long event) {
    harness.call(Calls.CU_CTX_RECORD_EVENT, CuCtxRecordEvent.newBuilder().setHEvent(event).build());
  }

  private void await(long event) {
    harness.call(Calls.CU_CTX_WAIT_EVENT, CuCtxWaitEvent.newBuilder().setHEvent(event).build());
  }

  private int query(long event) {
    return harness
        .answer(Calls.CU_EVENT_QUERY, CuEventQuery.newBuilder().setHEvent(event).build())
        .getResult();
  }

  private Set<Long> driverStreams() {
    return new TreeSet<>(harness.domain().streams.keySet());
  }

  /** The driver's stream behind one that is created now. */
  private long newest(Set<Long> before) {
    Set<Long> now = driverStreams();
    now.removeAll(before);
    assertThat(now).hasSize(1);
    return now.iterator().next();
  }

  /** Everything that can be done while one stream of the driver stands still. */
  private void runWithout(long stream) {
    boolean moved = true;
    while (moved) {
      moved = false;
      for (long each : driverStreams()) {
        moved |= each != stream && harness.domain().step(each);
      }
    }
  }

  private List<String> launches() {
    return harness.domain().log.stream().map(each -> each.split(" on ")[0]).toList();
  }

  private int lastError() {
    return harness.errors.get(harness.errors.size() - 1).getResult();
  }

  private long otherContext() {
    long other = harness.newHandle();
    harness.call(Calls.CU_CTX_CREATE, CuCtxCreate.newBuilder().setPctx(other).build());
    return other;
  }

  @Test
  void aRecordStandsForTheWorkOfAllStreamsAndHoldsUpNone() {
    long quick = calls.stream(NON_BLOCKING);
    Set<Long> before = driverStreams();
    long slow = calls.stream(NON_BLOCKING);
    long slowDriver = newest(before);
    long event = calls.event();
    calls.launch(function, quick, 1);
    calls.launch(function, slow, 2);
    record(event);
    calls.launch(function, quick, 3);
    calls.launch(function, 0, 4);

    runWithout(slowDriver);
    assertThat(launches()).containsExactlyInAnyOrder("launch 1", "launch 3", "launch 4");
    assertThat(query(event)).isEqualTo(CUresult.CUDA_ERROR_NOT_READY_VALUE);
    harness.run();
    assertThat(query(event)).isZero();
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void allLaterWorkOfAContextWaitsAlsoOnStreamsThatAreMadeLater() {
    long other = otherContext();
    long old = calls.stream(NON_BLOCKING);
    calls.launch(function, old, 1);
    harness.context = other;
    Set<Long> before = driverStreams();
    long there = calls.stream(NON_BLOCKING);
    long thereDriver = newest(before);
    long event = calls.event();
    calls.launch(function, there, 2);
    calls.record(event, there);
    harness.context = 0;
    await(event);
    calls.launch(function, old, 3);
    calls.launch(function, 0, 4);
    calls.launch(function, calls.stream(NON_BLOCKING), 5);

    runWithout(thereDriver);
    assertThat(launches()).containsExactly("launch 1");
    harness.run();
    assertThat(launches().subList(0, 2)).containsExactly("launch 1", "launch 2");
    assertThat(launches()).hasSize(5);
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void anEventOfAnotherContextIsNotRecorded() {
    long event = calls.event();
    harness.context = otherContext();
    record(event);
    assertThat(lastError()).isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
  }

  @Test
  void aContextWithACapturingStreamRefusesBothAndInvalidatesTheCapture() {
    long stream = calls.stream(NON_BLOCKING);
    long event = calls.event();
    for (boolean recording : List.of(true, false)) {
      harness.answer(
          Calls.CU_STREAM_BEGIN_CAPTURE_V10010,
          CuStreamBeginCaptureV10010.newBuilder()
              .setHStream(stream)
              .setThread(1)
              .setGraph(harness.newHandle())
              .build());
      if (recording) {
        record(event);
      } else {
        await(event);
      }
      assertThat(lastError()).isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED_VALUE);
      assertThat(
              harness
                  .answer(
                      Calls.CU_STREAM_END_CAPTURE,
                      CuStreamEndCapture.newBuilder().setHStream(stream).setThread(1).build())
                  .getResult())
          .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED_VALUE);
    }
  }

  @Test
  void anEventOfACaptureInAnotherContextIsNotWaitedFor() {
    long stream = calls.stream(NON_BLOCKING);
    long event = calls.event();
    harness.answer(
        Calls.CU_STREAM_BEGIN_CAPTURE_V10010,
        CuStreamBeginCaptureV10010.newBuilder()
            .setHStream(stream)
            .setThread(1)
            .setGraph(harness.newHandle())
            .build());
    calls.record(event, stream);
    harness.context = otherContext();
    await(event);
    assertThat(lastError()).isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED_VALUE);
  }

  @Test
  void theSessionsOwnStreamsEndWithTheContext() {
    long other = otherContext();
    int streams = driverStreams().size();
    harness.context = other;
    long event = calls.event();
    calls.launch(function, 0, 1);
    record(event);
    await(event);
    assertThat(driverStreams()).hasSize(streams + 2);
    harness.run();
    harness.context = 0;
    harness.call(Calls.CU_CTX_DESTROY, CuCtxDestroy.newBuilder().setCtx(other).build());
    harness.run();
    assertThat(driverStreams()).hasSize(streams - 1);
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void aClientThatDestroysTheServersOwnStreamGetsAnother() {
    long event = calls.event();
    calls.launch(function, 0, 1);
    record(event);
    harness.call(
        Calls.CU_STREAM_DESTROY, CuStreamDestroy.newBuilder().setHStream(1L << 62).build());
    harness.run();
    calls.launch(function, 0, 2);
    record(event);
    assertThat(query(event)).isEqualTo(CUresult.CUDA_ERROR_NOT_READY_VALUE);
    harness.run();
    assertThat(query(event)).isZero();
    assertThat(harness.errors).isEmpty();
  }

  private void synchronize(long address, int setting) {
    assertThat(
            harness
                .answer(
                    Calls.CU_POINTER_SET_ATTRIBUTE,
                    CuPointerSetAttribute.newBuilder()
                        .setAttribute(SYNC_MEMOPS)
                        .setPtr(address)
                        .setSetting(setting)
                        .build())
                .getResult())
        .isZero();
  }

  private long asked(long address) throws Exception {
    return CuPointerGetAttribute.parseFrom(
            harness
                .answer(
                    Calls.CU_POINTER_GET_ATTRIBUTE,
                    CuPointerGetAttribute.newBuilder()
                        .setAttribute(SYNC_MEMOPS)
                        .setPtr(address)
                        .build())
                .getOutputs())
        .getData();
  }

  @Test
  void copiesOfSynchronousMemoryAreOverForEveryStream() throws Exception {
    long legacy = driverStreams().iterator().next();
    long stream = calls.stream(NON_BLOCKING);
    long from = calls.allocate(64);
    long to = calls.allocate(64);
    CuMemcpyDtoD copy =
        CuMemcpyDtoD.newBuilder().setDstDevice(to).setSrcDevice(from).setByteCount(64).build();
    harness.call(Calls.CU_MEMCPY_DTO_D, copy);
    calls.launch(function, stream, 1);
    runWithout(legacy);
    assertThat(launches()).containsExactly("launch 1");
    harness.run();

    synchronize(to + 3, 1);
    assertThat(asked(to)).isEqualTo(1);
    assertThat(asked(from)).isZero();
    harness.call(Calls.CU_MEMCPY_DTO_D, copy);
    calls.launch(function, stream, 2);
    runWithout(legacy);
    assertThat(launches()).doesNotContain("launch 2");
    harness.run();
    assertThat(launches()).endsWith("copy", "launch 2");
    synchronize(to, 0);
    assertThat(asked(to)).isZero();
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void askingForItWaitsForTheOperationsThatArePending() {
    long from = calls.allocate(64);
    long to = calls.allocate(64);
    harness.call(
        Calls.CU_MEMCPY_DTO_D,
        CuMemcpyDtoD.newBuilder().setDstDevice(to).setSrcDevice(from).setByteCount(64).build());
    long set =
        harness.call(
            Calls.CU_POINTER_SET_ATTRIBUTE,
            CuPointerSetAttribute.newBuilder()
                .setAttribute(SYNC_MEMOPS)
                .setPtr(to)
                .setSetting(1)
                .build());
    assertThat(harness.isAnswered(set)).isFalse();
    harness.run();
    assertThat(harness.answerTo(set).getResult()).isZero();
  }
}
