// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.remora.server.queue.LaneClass;
import io.remora.server.queue.QueueConfig;
import io.remora.server.session.generated.Calls;
import io.remora.server.tenant.QueuePolicy;
import io.remora.server.tenant.QueuePolicy.WhenFull;
import io.remora.server.tenant.TenantAccount.Kind;
import io.remora.server.tenant.TenantClass;
import io.remora.server.tenant.TenantLimits;
import io.remora.v1.AsyncError;
import io.remora.v1.CUresult;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.v1.CuEventCreate;
import io.remora.v1.CuEventDestroy;
import io.remora.v1.CuGraphCreate;
import io.remora.v1.CuLaunchHostFunc;
import io.remora.v1.CuModuleLoadData;
import io.remora.v1.CuStreamCreateWithPriority;
import io.remora.v1.CuStreamDestroy;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a tenant's limits and queue policy do to its calls. */
final class SessionTenantLimitsTest {
  private final SessionHarness harness = new SessionHarness();
  private final TestCalls calls = new TestCalls(harness);

  private static TenantLimits limits(int streams, int events, int modules, int callbacks) {
    TenantLimits usual = TenantLimits.DEFAULT;
    return new TenantLimits(
        streams,
        events,
        modules,
        callbacks,
        usual.imageBytes(),
        usual.uploadBytesPerSecond(),
        usual.downloadBytesPerSecond(),
        usual.kernelTime(),
        usual.callGroups());
  }

  private void inForce(TenantLimits limits) {
    harness.account.change(limits, harness.account.queue());
  }

  /** The latest asynchronous failure, seen after a waiting call. */
  private AsyncError failure() {
    calls.synchronize(0);
    harness.run();
    assertThat(harness.errors).isNotEmpty();
    return harness.errors.get(harness.errors.size() - 1);
  }

  private long newStream() {
    long handle = harness.newHandle();
    harness.call(
        Calls.CU_STREAM_CREATE_WITH_PRIORITY,
        CuStreamCreateWithPriority.newBuilder().setPhStream(handle).setFlags(1).build());
    return handle;
  }

  @Test
  void oneStreamMoreThanTheTenantMayHaveIsRefusedAndFreeingOneMakesRoom() {
    inForce(limits(2, 9, 9, 9));
    long first = newStream();
    newStream();
    assertThat(harness.errors).isEmpty();
    newStream();
    AsyncError refused = failure();
    assertThat(refused.getResult()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE);
    assertThat(refused.getDetail()).contains("2 streams").contains("operator");
    harness.call(Calls.CU_STREAM_DESTROY, CuStreamDestroy.newBuilder().setHStream(first).build());
    int before = harness.errors.size();
    newStream();
    calls.synchronize(0);
    assertThat(harness.errors).hasSize(before);
    assertThat(harness.account.held(Kind.STREAMS)).isEqualTo(2);
  }

  @Test
  void aChangedLimitHoldsForTheNextCall() {
    inForce(limits(9, 1, 9, 9));
    long event = harness.newHandle();
    harness.call(Calls.CU_EVENT_CREATE, CuEventCreate.newBuilder().setPhEvent(event).build());
    inForce(limits(9, 2, 9, 9));
    harness.call(
        Calls.CU_EVENT_CREATE, CuEventCreate.newBuilder().setPhEvent(harness.newHandle()).build());
    calls.synchronize(0);
    assertThat(harness.errors).isEmpty();
    inForce(limits(9, 1, 9, 9));
    // What it has stays; nothing more until it is below the limit.
    harness.call(Calls.CU_EVENT_DESTROY, CuEventDestroy.newBuilder().setHEvent(event).build());
    harness.call(
        Calls.CU_EVENT_CREATE, CuEventCreate.newBuilder().setPhEvent(harness.newHandle()).build());
    assertThat(failure().getDetail()).contains("1 events");
  }

  @Test
  void theEndOfASessionGivesBackWhatItHeld() {
    inForce(limits(9, 9, 9, 9));
    newStream();
    calls.event();
    calls.kernel();
    harness.call(Calls.CU_LAUNCH_HOST_FUNC, CuLaunchHostFunc.newBuilder().setToken(1).build());
    assertThat(harness.account.held(Kind.STREAMS)).isEqualTo(1);
    assertThat(harness.account.held(Kind.EVENTS)).isEqualTo(1);
    assertThat(harness.account.held(Kind.MODULES)).isEqualTo(1);
    assertThat(harness.account.held(Kind.HOST_CALLBACKS)).isEqualTo(1);
    harness.session.onEnd("the client is gone");
    for (Kind kind : Kind.values()) {
      assertThat(harness.account.held(kind)).as(kind.text()).isZero();
    }
  }

  @Test
  void hostFunctionsBeyondTheLimitAreRefused() {
    inForce(limits(9, 9, 9, 1));
    CuLaunchHostFunc function = CuLaunchHostFunc.newBuilder().setToken(1).build();
    harness.call(Calls.CU_LAUNCH_HOST_FUNC, function);
    long second = harness.call(Calls.CU_LAUNCH_HOST_FUNC, function);
    calls.synchronize(harness.newHandle());
    assertThat(harness.errors)
        .anySatisfy(
            error -> {
              assertThat(error.getSequence()).isEqualTo(second);
              assertThat(error.getDetail()).contains("host functions that have not run");
            });
  }

  @Test
  void callsOfAGroupThatIsNotAllowedAreNotPermitted() {
    TenantLimits usual = TenantLimits.DEFAULT;
    inForce(
        new TenantLimits(
            9, 9, 9, 9, usual.imageBytes(), 0, 0, Duration.ZERO, Set.of("streams", "events")));
    long graph = harness.newHandle();
    harness.call(Calls.CU_GRAPH_CREATE, CuGraphCreate.newBuilder().setPhGraph(graph).build());
    newStream();
    AsyncError refused = failure();
    assertThat(refused.getResult()).isEqualTo(CUresult.CUDA_ERROR_NOT_PERMITTED_VALUE);
    assertThat(refused.getDetail()).contains("operator");
    assertThat(harness.account.held(Kind.STREAMS)).isEqualTo(1);
  }

  @Test
  void imagesLargerThanAllowedAreRefusedBeforeTheyAreUploaded() {
    TenantLimits usual = TenantLimits.DEFAULT;
    inForce(new TenantLimits(9, 9, 9, 9, 3, 0, 0, Duration.ZERO, usual.callGroups()));
    byte[] hash = TestCalls.sha256(new byte[] {1, 2, 3, 4});
    var answer =
        harness.answer(
            Calls.CU_MODULE_LOAD_DATA,
            CuModuleLoadData.newBuilder()
                .setModule(harness.newHandle())
                .setImageSha256(ByteString.copyFrom(hash))
                .setImageBytes(4)
                .build());
    assertThat(answer.getResult()).isEqualTo(CUresult.CUDA_ERROR_NOT_PERMITTED_VALUE);
  }

  @Test
  void whoBringsMoreBytesThanAllowedIsNotReadForAWhile() {
    TenantLimits usual = TenantLimits.DEFAULT;
    long address = calls.allocate(1000);
    inForce(new TenantLimits(9, 9, 9, 9, usual.imageBytes(), 2000, 0, Duration.ZERO, Set.of()));
    int requested = harness.framesRequested;
    calls.upload(address, new byte[1000]);
    assertThat(harness.framesRequested).isEqualTo(requested);
    assertThat(harness.delayed).hasSize(1);
    harness.delayed.remove(0).run();
    assertThat(harness.framesRequested).isEqualTo(requested + 1);
  }

  @Test
  void workThatCannotStartInTheClientsTimeIsRefusedBeforeItStarts() {
    SessionHarness queued =
        new SessionHarness(
            new ManualDriver(1),
            new QueueConfig(1, 1, 0, 50_000, 0.1, 0.05, 8192, 64L << 20, 1_000_000),
            SessionLimits.DEFAULTS);
    TestCalls on = new TestCalls(queued);
    long function = on.kernel();
    on.launch(function, 0, 1);
    queued.send(
        ClientFrame.newBuilder()
            .setFirstSequence(queued.nextSequence())
            .addCalls(
                Call.newBuilder()
                    .setNumber(Calls.CU_LAUNCH_KERNEL)
                    .setStartWithinMicros(5)
                    .setArguments(TestCalls.launchOf(function, 0, 2).build().toByteString()))
            .build());
    on.launch(function, 0, 3);
    long waiting = on.synchronize(0);
    queued.queueNanos += 6_000;
    queued.run();
    assertThat(queued.domain().log.toString())
        .contains("launch 1")
        .doesNotContain("launch 2")
        .contains("launch 3");
    assertThat(queued.isAnswered(waiting)).isTrue();
    assertThat(queued.errors).hasSize(1);
    assertThat(queued.errors.get(0).getResult()).isEqualTo(CUresult.CUDA_ERROR_TIMEOUT_VALUE);
    assertThat(queued.errors.get(0).getSticky()).isFalse();
  }

  @Test
  void aRejectingQueueRefusesWhatFindsItFull() {
    SessionHarness queued =
        new SessionHarness(
            new ManualDriver(1),
            new QueueConfig(1, 1, 0, 50_000, 0.1, 0.05, 8192, 64L << 20, 1_000_000),
            SessionLimits.DEFAULTS);
    TestCalls on = new TestCalls(queued);
    long function = on.kernel();
    queued.account.change(
        TenantLimits.DEFAULT, new QueuePolicy(WhenFull.REJECT, 2, 1 << 20, Duration.ofSeconds(1)));
    queued
        .queues
        .get(0)
        .update("tenant", 1, LaneClass.NORMAL, TenantTerms.policy(queued.account.queue()));
    for (int mark = 1; mark <= 3; mark++) {
      on.launch(function, 0, mark);
    }
    on.synchronize(0);
    queued.run();
    assertThat(queued.domain().log.toString()).contains("launch 2").doesNotContain("launch 3");
    assertThat(queued.errors.get(0).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES_VALUE);
    assertThat(queued.errors.get(0).getDetail()).contains("full");
  }

  @Test
  void classesHaveTheirPartsOfTheDevicesStreamPriorities() {
    var device = new ManualDriver(1).devices().get(0);
    int least = device.streamPriorityLeast();
    int greatest = device.streamPriorityGreatest();
    int[] last = {Integer.MIN_VALUE};
    for (var tenantClass : TenantClass.values()) {
      for (int asked = greatest; asked <= least; asked++) {
        int mapped = TenantTerms.streamPriority(device, tenantClass, asked);
        assertThat(mapped).isBetween(greatest, least).isGreaterThanOrEqualTo(last[0]);
        last[0] = mapped;
      }
    }
  }
}
