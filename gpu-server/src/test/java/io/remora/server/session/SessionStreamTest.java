// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.queue.QueueConfig;
import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
import io.remora.v1.CuCtxCreate;
import io.remora.v1.CuCtxDestroy;
import io.remora.v1.CuCtxSynchronize;
import io.remora.v1.CuDevicePrimaryCtxReset;
import io.remora.v1.CuEventDestroy;
import io.remora.v1.CuEventElapsedTime;
import io.remora.v1.CuEventQuery;
import io.remora.v1.CuEventSynchronize;
import io.remora.v1.CuLaunchHostFunc;
import io.remora.v1.CuStreamDestroy;
import io.remora.v1.CuStreamQuery;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SessionStreamTest {
  private static final int BLOCKING = 0;
  private static final int NON_BLOCKING = 1;

  /** The device takes one work after the other: whatever else is submitted waits in the lane. */
  private static final QueueConfig ONE_BY_ONE =
      new QueueConfig(1, 1, 0, 50_000, 0.1, 0.05, 8192, 64L << 20, 1_000_000);

  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);

  @Test
  void aThreadWaitsInSynchronizeWhileAnotherLaunches() {
    long function = calls.kernel();
    long first = calls.stream(BLOCKING);
    long second = calls.stream(BLOCKING);
    calls.launch(function, first, 1);
    long waiting = calls.synchronize(first);
    calls.launch(function, second, 2);
    long other = calls.synchronize(second);

    assertThat(harness.isAnswered(waiting)).isFalse();
    assertThat(harness.domain().pendingSteps()).isEqualTo(2);
    harness.domain().run();
    assertThat(harness.answerTo(waiting).getResult()).isZero();
    assertThat(harness.answerTo(other).getResult()).isZero();
  }

  @Test
  void workThatWaitsInTheQueueIsNotReady() {
    SessionHarness queued =
        new SessionHarness(new ManualDriver(1), ONE_BY_ONE, SessionLimits.DEFAULTS);
    TestCalls on = new TestCalls(queued);
    long function = on.kernel();
    long first = on.stream(NON_BLOCKING);
    long second = on.stream(NON_BLOCKING);
    long event = on.event();
    on.launch(function, first, 1);
    on.launch(function, second, 2);
    on.record(event, second);

    assertThat(queued.domain().pendingSteps()).isEqualTo(1);
    assertThat(query(queued, second)).isEqualTo(CUresult.CUDA_ERROR_NOT_READY_VALUE);
    assertThat(queryEvent(queued, event)).isEqualTo(CUresult.CUDA_ERROR_NOT_READY_VALUE);
    long waiting = on.synchronize(second);
    assertThat(queued.isAnswered(waiting)).isFalse();
    queued.run();
    assertThat(queued.answerTo(waiting).getResult()).isZero();
    assertThat(query(queued, second)).isZero();
    assertThat(queryEvent(queued, event)).isZero();
  }

  private static int query(SessionHarness on, long stream) {
    return on.answer(Calls.CU_STREAM_QUERY, CuStreamQuery.newBuilder().setHStream(stream).build())
        .getResult();
  }

  private static int queryEvent(SessionHarness on, long event) {
    return on.answer(Calls.CU_EVENT_QUERY, CuEventQuery.newBuilder().setHEvent(event).build())
        .getResult();
  }

  @Test
  void contextSynchronizeWaitsForAllStreamsOfTheContextOnly() {
    long function = calls.kernel();
    long other = harness.newHandle();
    harness.call(Calls.CU_CTX_CREATE, CuCtxCreate.newBuilder().setPctx(other).build());
    harness.context = other;
    long foreign = calls.stream(NON_BLOCKING);
    calls.launch(function, foreign, 9);
    harness.context = 0;
    calls.launch(function, 0, 1);
    long waiting = harness.call(Calls.CU_CTX_SYNCHRONIZE, CuCtxSynchronize.getDefaultInstance());

    assertThat(harness.isAnswered(waiting)).isFalse();
    List<Long> streams = List.copyOf(harness.domain().streams.keySet());
    for (long stream : streams) {
      if (!harness.domain().log.contains("launch 1 on " + stream)
          && stream != streams.get(streams.size() - 1)) {
        harness.domain().step(stream);
      }
    }
    assertThat(harness.domain().log).containsOnlyOnce("launch 1 on " + streams.get(0));
    assertThat(harness.answerTo(waiting).getResult()).isZero();
    assertThat(harness.domain().pendingSteps()).isEqualTo(1);
  }

  @Test
  void theLegacyStreamIsOrderedWithBlockingStreamsAndNoOthers() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("SessionStreamTest -Dseed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 30; round++) {
      checkLegacyOrder(random);
    }
  }

  /** Launches at random, lets streams advance at random, and looks at the order that came out. */
  private static void checkLegacyOrder(SplittableRandom random) {
    SessionHarness harness = new SessionHarness();
    TestCalls calls = new TestCalls(harness);
    long function = calls.kernel();
    long[] streams = {
      0, calls.stream(BLOCKING), calls.stream(BLOCKING), calls.stream(NON_BLOCKING)
    };
    List<Integer> kinds = new ArrayList<>();
    boolean overtaken = false;
    for (int mark = 1; mark <= 60; mark++) {
      int kind = random.nextInt(streams.length);
      kinds.add(kind);
      calls.launch(function, streams[kind], mark);
      List<Long> driverStreams = List.copyOf(harness.domain().streams.keySet());
      for (int steps = random.nextInt(4); steps > 0; steps--) {
        harness.domain().step(driverStreams.get(random.nextInt(driverStreams.size())));
      }
    }
    // The youngest streams first, so that only what the session asked for keeps the order.
    for (long stream : List.copyOf(harness.domain().streams.keySet())) {
      while (harness.domain().step(stream)) {
        overtaken = true;
      }
    }
    harness.run();
    List<Integer> done =
        harness.domain().log.stream().map(entry -> Integer.valueOf(entry.split(" ")[1])).toList();
    assertThat(done).hasSize(60);
    for (int i = 1; i <= 60; i++) {
      for (int j = i + 1; j <= 60; j++) {
        int first = kinds.get(i - 1);
        int then = kinds.get(j - 1);
        boolean ordered = first == then || (first == 0 && then < 3) || (then == 0 && first < 3);
        if (ordered) {
          assertThat(done.indexOf(i))
              .as("launch %d on kind %d before %d on kind %d", i, first, j, then)
              .isLessThan(done.indexOf(j));
        }
      }
    }
    assertThat(overtaken).isTrue();
    assertThat(harness.errors).isEmpty();
  }

  @Test
  void nonBlockingStreamsSeeWhatASynchronousCopyHasWritten() {
    long function = calls.kernel();
    long stream = calls.stream(NON_BLOCKING);
    long address = calls.allocate(16);
    calls.upload(address, new byte[16]);
    calls.launch(function, stream, 1);

    for (long each : List.copyOf(harness.domain().streams.keySet()).stream().sorted().toList()) {
      if (each != harness.domain().streams.keySet().iterator().next()) {
        while (harness.domain().step(each)) {}
      }
    }
    assertThat(harness.domain().log).noneMatch(entry -> entry.startsWith("launch"));
    harness.run();
    assertThat(harness.domain().log).hasSize(2);
    assertThat(harness.domain().log.get(1)).startsWith("launch 1");
  }

  @Test
  void eventsOrderStreams() {
    long function = calls.kernel();
    long first = calls.stream(NON_BLOCKING);
    long second = calls.stream(NON_BLOCKING);
    long event = calls.event();
    calls.launch(function, first, 1);
    calls.record(event, first);
    calls.waitEvent(second, event);
    calls.launch(function, second, 2);
    long waiting =
        harness.call(
            Calls.CU_EVENT_SYNCHRONIZE, CuEventSynchronize.newBuilder().setHEvent(event).build());

    List<Long> streams = List.copyOf(harness.domain().streams.keySet());
    assertThat(harness.domain().step(streams.get(streams.size() - 1))).isFalse();
    assertThat(harness.isAnswered(waiting)).isFalse();
    harness.run();
    assertThat(harness.isAnswered(waiting)).isTrue();
    assertThat(harness.domain().log).hasSize(2);
    assertThat(harness.domain().log.get(0)).startsWith("launch 1");
  }

  @Test
  void streamsOfTwoDevicesAreOrderedByEvents() {
    SessionHarness two =
        new SessionHarness(new ManualDriver(2), QueueConfig.DEFAULTS, SessionLimits.DEFAULTS);
    TestCalls on = new TestCalls(two);
    long function = on.kernel();
    two.context = 1;
    long functionThere = on.kernel();
    long there = on.stream(NON_BLOCKING);
    two.context = 0;
    long event = on.event();
    on.launch(function, 0, 1);
    on.record(event, 0);
    on.waitEvent(there, event);
    on.launch(functionThere, there, 2);

    two.driver.domains.get(1).run();
    assertThat(two.driver.domains.get(1).log).isEmpty();
    two.run();
    two.run();
    assertThat(two.driver.domains.get(1).log).hasSize(1);
    assertThat(two.errors).isEmpty();
  }

  @Test
  void elapsedTimeNeedsTwoRecordsThatAreOver() throws InvalidProtocolBufferException {
    long function = calls.kernel();
    long start = calls.event();
    long end = calls.event();
    CuEventElapsedTime arguments =
        CuEventElapsedTime.newBuilder().setHStart(start).setHEnd(end).build();
    assertThat(harness.answer(Calls.CU_EVENT_ELAPSED_TIME, arguments).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    calls.record(start, 0);
    calls.launch(function, 0, 1);
    calls.record(end, 0);

    assertThat(harness.answer(Calls.CU_EVENT_ELAPSED_TIME, arguments).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_NOT_READY_VALUE);
    harness.run();
    assertThat(
            CuEventElapsedTime.parseFrom(
                    harness.answer(Calls.CU_EVENT_ELAPSED_TIME, arguments).getOutputs())
                .getPMilliseconds())
        .isEqualTo(1f);
  }

  @Test
  void destroyedObjectsLetTheirWorkEndAndTheirHandlesAreUnknown() {
    long function = calls.kernel();
    long stream = calls.stream(BLOCKING);
    long event = calls.event();
    calls.launch(function, stream, 1);
    calls.record(event, stream);
    harness.call(Calls.CU_STREAM_DESTROY, CuStreamDestroy.newBuilder().setHStream(stream).build());
    harness.call(Calls.CU_EVENT_DESTROY, CuEventDestroy.newBuilder().setHEvent(event).build());
    calls.launch(function, 0, 2);

    assertThat(query(harness, stream)).isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    assertThat(queryEvent(harness, event)).isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    harness.run();
    assertThat(harness.domain().log.get(0)).startsWith("launch 1");
    assertThat(harness.domain().log.get(1)).startsWith("launch 2");
    assertThat(harness.domain().streams).hasSize(1);
  }

  @Test
  void aHostFunctionRunsInTheOrderOfItsStream() {
    long function = calls.kernel();
    calls.launch(function, 0, 1);
    long sequence =
        harness.call(Calls.CU_LAUNCH_HOST_FUNC, CuLaunchHostFunc.newBuilder().setToken(77).build());
    calls.launch(function, 0, 2);
    harness.run();

    assertThat(harness.domain().log).hasSize(1);
    assertThat(harness.callbacks).hasSize(1);
    assertThat(harness.callbacks.get(0).getToken()).isEqualTo(77);
    assertThat(harness.callbacks.get(0).getSequence()).isEqualTo(sequence);
    harness.send(io.remora.v1.ClientFrame.newBuilder().addCallbacksDone(sequence).build());
    harness.run();
    assertThat(harness.domain().log).hasSize(2);
  }

  @Test
  void aHostFunctionIsHeardOfEvenWhenTheLaneIsFull() {
    SessionHarness small =
        new SessionHarness(
            new ManualDriver(1),
            new QueueConfig(1000, 1000, 0, 50_000, 0.1, 0.05, 8, 1 << 20, 1_000_000),
            SessionLimits.DEFAULTS);
    TestCalls on = new TestCalls(small);
    long function = on.kernel();
    small.run();
    long sequence =
        small.call(Calls.CU_LAUNCH_HOST_FUNC, CuLaunchHostFunc.newBuilder().setToken(1).build());
    small.run();
    for (int mark = 1; mark <= 20; mark++) {
      on.launch(function, 0, mark);
    }

    // One request for each frame sent, and one open: the callback's end can get through.
    assertThat(small.framesRequested).isEqualTo(small.framesTaken + 1);
    small.send(io.remora.v1.ClientFrame.newBuilder().addCallbacksDone(sequence).build());
    assertThat(small.framesRequested).isEqualTo(small.framesTaken);
    small.run();
    assertThat(small.domain().log).hasSize(20);
    assertThat(small.framesRequested).isEqualTo(small.framesTaken + 1);
  }

  @Test
  void aContextTakesWhatItOwnsAndNothingElse() {
    long address = calls.allocate(ManualDomain.GRANULE_BYTES);
    long other = harness.newHandle();
    harness.call(Calls.CU_CTX_CREATE, CuCtxCreate.newBuilder().setPctx(other).build());
    harness.context = other;
    calls.allocate(ManualDomain.GRANULE_BYTES);
    long stream = calls.stream(BLOCKING);
    calls.kernel();
    harness.context = 0;
    long kept = calls.stream(BLOCKING);
    harness.call(Calls.CU_CTX_DESTROY, CuCtxDestroy.newBuilder().setCtx(other).build());
    harness.run();

    assertThat(harness.ledger.reservedBytes()).isEqualTo(ManualDomain.GRANULE_BYTES);
    assertThat(harness.domain().modulesLoaded).isZero();
    assertThat(query(harness, stream)).isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    assertThat(query(harness, kept)).isZero();
    harness.call(Calls.CU_DEVICE_PRIMARY_CTX_RESET, CuDevicePrimaryCtxReset.getDefaultInstance());
    harness.run();
    assertThat(harness.ledger.reservedBytes()).isZero();
    calls.free(address);
    assertThat(harness.errors).hasSize(1);
    assertThat(query(harness, 0)).isZero();
    harness.context = other;
    assertThat(query(harness, 0)).isEqualTo(CUresult.CUDA_ERROR_INVALID_CONTEXT_VALUE);
  }
}
