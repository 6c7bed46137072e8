// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.remora.server.queue.QueueConfig;
import io.remora.server.session.ProtocolException.Reason;
import io.remora.server.session.generated.Calls;
import io.remora.server.tenant.MemoryLedger;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.v1.CuMemFree;
import io.remora.v1.CuMemGetInfo;
import io.remora.v1.Hello;
import io.remora.wire.WireLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionProtocolTest {
  private final SessionHarness harness = new SessionHarness();

  @Test
  void welcomeSaysWhatTheSessionMayDo() {
    assertThat(harness.welcome().getTenant()).isEqualTo("tenant");
    assertThat(harness.welcome().getWindowCalls()).isEqualTo(SessionLimits.DEFAULTS.windowCalls());
    assertThat(harness.welcome().getDevices(0).getSlabAddress())
        .isEqualTo(harness.domain().slabAddress());
    assertThat(harness.welcome().getTableHash().toByteArray()).isEqualTo(Calls.tableHash());
    assertThat(harness.framesRequested).isEqualTo(1);
  }

  @Test
  void versionsOneApartWorkTogetherAndOthersAreRefused() {
    Hello good =
        Hello.newBuilder()
            .setProtocolVersion(Handshake.PROTOCOL_VERSION)
            .setTableHash(ByteString.copyFrom(Calls.tableHash()))
            .build();
    Handshake.check(good);
    Handshake.check(good.toBuilder().setProtocolVersion(Handshake.PROTOCOL_VERSION + 1).build());
    assertThatThrownBy(
            () ->
                Handshake.check(
                    good.toBuilder().setProtocolVersion(Handshake.PROTOCOL_VERSION + 2).build()))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("at most one apart");
    assertThatThrownBy(() -> Handshake.check(Hello.getDefaultInstance()))
        .isInstanceOf(ProtocolException.class);
  }

  private static Call call(int number) {
    return Call.newBuilder().setNumber(number).build();
  }

  private void assertEnded(Reason reason) {
    assertThat(harness.ended).isNotNull();
    assertThat(harness.ended).extracting(ProtocolException::reason).isEqualTo(reason);
    assertThat(harness.slotsGivenBack.get()).isEqualTo(1);
    assertThat(harness.framesHeld.get()).isZero();
  }

  @Test
  void callsMustComeInSequence() {
    harness.send(
        ClientFrame.newBuilder().setFirstSequence(2).addCalls(call(Calls.CU_MEM_GET_INFO)).build());

    assertEnded(Reason.OUT_OF_SEQUENCE);
  }

  @ParameterizedTest
  @ValueSource(ints = {777, 65543, -1, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void anUnknownCallEndsTheSession(int number) {
    harness.send(ClientFrame.newBuilder().setFirstSequence(1).addCalls(call(number)).build());

    assertEnded(Reason.UNKNOWN_CALL);
  }

  @Test
  void aSecondHelloEndsTheSession() {
    harness.send(ClientFrame.newBuilder().setHello(Hello.getDefaultInstance()).build());

    assertEnded(Reason.MALFORMED);
  }

  @Test
  void anOversizedFrameEndsTheSession() {
    harness.send(new byte[WireLimits.FRAME_BYTES_MAX + 1]);

    assertEnded(Reason.TOO_LARGE);
  }

  @Test
  void aHostCallbackThatNobodyAskedForEndsTheSession() {
    harness.send(ClientFrame.newBuilder().addCallbacksDone(5).build());

    assertEnded(Reason.MALFORMED);
  }

  @Test
  void callsBehindAViolationAreNotCarriedOut() {
    harness.send(
        ClientFrame.newBuilder()
            .setFirstSequence(1)
            .addCalls(call(777))
            .addCalls(call(Calls.CU_MEM_GET_INFO))
            .build());

    assertThat(harness.answers).isEmpty();
  }

  @Test
  void argumentsBeforeTheContextAreUnderstood() {
    harness.send(
        ClientFrame.newBuilder()
            .setFirstSequence(1)
            .addCalls(
                Call.newBuilder()
                    .setNumber(Calls.CU_MEM_FREE)
                    .setArguments(CuMemFree.newBuilder().setDptr(77).build().toByteString())
                    .setContext(0))
            .addCalls(call(Calls.CU_MEM_GET_INFO).toBuilder().setContext(4711))
            .addCalls(call(Calls.CU_MEM_GET_INFO))
            .build());

    assertThat(harness.ended).isNull();
    assertThat(harness.errors).hasSize(1);
    assertThat(harness.answers).hasSize(2);
    assertThat(harness.answers.get(0).getResult()).isNotZero();
    assertThat(harness.answers.get(1).getResult()).isZero();
  }

  @Test
  void creditIsGivenBeforeTheWindowIsUsedUp() {
    for (int frame = 0; frame < 20; frame++) {
      ClientFrame.Builder calls = ClientFrame.newBuilder().setFirstSequence(1 + frame * 1000L);
      for (int i = 0; i < 1000; i++) {
        calls.addCalls(call(Calls.CU_MEM_GET_INFO));
      }
      harness.send(calls.build());
      long sent = (frame + 1) * 1000L;
      assertThat(sent - harness.consumedSequence)
          .isLessThan(SessionLimits.DEFAULTS.windowCalls() / 4);
    }
    assertThat(harness.answers).hasSize(20_000);
    assertThat(harness.ended).isNull();
  }

  @Test
  void theCallsOfOneFrameAreAnsweredInFewFrames() {
    ClientFrame.Builder calls = ClientFrame.newBuilder().setFirstSequence(1);
    for (int i = 0; i < 100; i++) {
      calls.addCalls(call(Calls.CU_MEM_GET_INFO));
    }
    long before = harness.framesSent;
    harness.send(calls.build());

    assertThat(harness.framesSent).isEqualTo(before + 1);
    assertThat(harness.answers).hasSize(100);
  }

  @Test
  void aLongFrameIsReadInTurnsAndInOrder() {
    harness.nanosPerReading = 600_000;
    ClientFrame.Builder calls = ClientFrame.newBuilder().setFirstSequence(1);
    for (int i = 0; i < 1000; i++) {
      calls.addCalls(call(Calls.CU_MEM_GET_INFO));
    }
    harness.send(calls.build());
    harness.send(
        ClientFrame.newBuilder()
            .setFirstSequence(1001)
            .addCalls(call(Calls.CU_MEM_GET_INFO))
            .build());

    assertThat(harness.answers).hasSize(1001);
    for (int i = 0; i < 1001; i++) {
      assertThat(harness.answers.get(i).getSequence()).isEqualTo(i + 1);
    }
    // Each turn sends what it has.
    assertThat(harness.framesSent).isGreaterThan(10);
    assertThat(harness.framesHeld.get()).isZero();
  }

  @Test
  void aTenantWithoutDevicesIsHeardAllTheSame() {
    SessionHarness none =
        new SessionHarness(new ManualDriver(0), QueueConfig.DEFAULTS, SessionLimits.DEFAULTS);

    assertThat(none.welcome().getDevicesCount()).isZero();
    assertThat(none.framesRequested).isEqualTo(1);
    assertThat(none.answer(Calls.CU_MEM_GET_INFO, CuMemGetInfo.getDefaultInstance()).getResult())
        .isEqualTo(io.remora.v1.CUresult.CUDA_ERROR_INVALID_CONTEXT_VALUE);
  }

  @Test
  void aClientWithoutCreditIsNotListenedTo() {
    SessionHarness small =
        new SessionHarness(
            new ManualDriver(1),
            new QueueConfig(1, 1, 0, 50_000, 0.1, 0.05, 4, 1 << 20, 1_000_000),
            new SessionLimits(16, 16 << 20, 100, 100, 100, 10, 4, 2, 1 << 20));
    TestCalls on = new TestCalls(small);
    long function = on.kernel();
    int sent = 0;
    while (small.ended == null && sent < 100) {
      on.launch(function, 0, ++sent);
    }

    assertThat(sent).isBetween(12, 25);
    assertThat(small.ended).extracting(ProtocolException::reason).isEqualTo(Reason.TOO_LARGE);
    assertThat(small.framesRequested).isLessThan(small.framesTaken);
  }

  @Test
  void anyFrameEndsAtMostItsOwnSession() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("SessionProtocolTest -Dseed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    ManualDriver driver = new ManualDriver(1);
    MemoryLedger ledger = new MemoryLedger(SessionHarness.QUOTA_BYTES);
    ModuleImageCache images = new ModuleImageCache(1 << 20, 1 << 19);
    SessionHarness bystander =
        new SessionHarness(driver, QueueConfig.DEFAULTS, SessionLimits.DEFAULTS, ledger, images);
    long kept = new TestCalls(bystander).allocate(1000);
    long held = ledger.reservedBytes();
    for (int round = 0; round < 300; round++) {
      SessionHarness victim =
          new SessionHarness(driver, QueueConfig.DEFAULTS, SessionLimits.DEFAULTS, ledger, images);
      new LocalMembers().add("a", victim);
      List<byte[]> frames = RandomFrames.frames(random, 5);
      for (byte[] frame : frames) {
        if (victim.ended == null) {
          victim.send(RandomFrames.damaged(random, frame));
          victim.runLoads();
        }
      }
      driver.domains.get(driver.domains.size() - 1).run();
      victim.session.onEnd("test");
      victim.runLoads();
      assertThat(victim.framesHeld.get()).isZero();
      assertThat(victim.slotsGivenBack.get()).isEqualTo(1);
      assertThat(victim.ended)
          .satisfiesAnyOf(
              ended -> assertThat(ended).isNull(),
              ended ->
                  assertThat(ended)
                      .extracting(ProtocolException::reason)
                      .isNotEqualTo(Reason.INTERNAL));
      assertThat(ledger.reservedBytes()).isEqualTo(held);
    }
    assertThat(images.heldBytes()).isLessThanOrEqualTo(1 << 20);
    assertThat(
            bystander.answer(Calls.CU_MEM_GET_INFO, CuMemGetInfo.getDefaultInstance()).getResult())
        .isZero();
    new TestCalls(bystander).free(kept);
    assertThat(bystander.errors).isEmpty();
    assertThat(new ArrayList<>(bystander.answers)).isNotEmpty();
  }
}
