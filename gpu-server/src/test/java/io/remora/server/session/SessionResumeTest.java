// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.queue.QueueConfig;
import io.remora.server.session.generated.Calls;
import io.remora.server.tenant.MemoryLedger;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.v1.CuMemAlloc;
import io.remora.v1.CuMemcpyDtoH;
import io.remora.v1.ServerFrame;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a session does when its stream is cut and its client comes back, or doesn't. */
class SessionResumeTest {
  private static final int GRACE_MILLIS = 1000;
  private static final ByteString SECRET = ByteString.copyFrom(new byte[ResumeTerms.SECRET_BYTES]);

  private final MemoryLedger ledger = new MemoryLedger(SessionHarness.QUOTA_BYTES);
  private final SessionHarness harness =
      new SessionHarness(
          new ManualDriver(1),
          QueueConfig.DEFAULTS,
          SessionLimits.DEFAULTS,
          ledger,
          new ModuleImageCache(1 << 20, 1 << 19),
          new ResumeTerms(SECRET, GRACE_MILLIS, true));

  /** A stream, and what the client has got by it. */
  private static final class Stream implements SessionOutput {
    final List<ServerFrame> frames = new ArrayList<>();
    final List<Integer> sizes = new ArrayList<>();
    int requested;
    boolean ready = true;
    @Nullable ProtocolException ended;

    @Override
    public void send(OutboundFrame frame) {
      try {
        frames.add(ServerFrame.parseFrom(frame.toByteArray()));
        sizes.add(frame.bytes());
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void onReady(Runnable whenWritable) {}

    @Override
    public void requestFrame() {
      requested++;
    }

    @Override
    public void moved(String server) {}

    @Override
    public void end(ProtocolException cause) {
      ended = cause;
    }

    /** Behind the frame that resumes the session. */
    long bytes() {
      return sizes.stream().skip(1).mapToLong(Integer::intValue).sum();
    }
  }

  private Stream resume(long received) {
    Stream stream = new Stream();
    harness.session.presence().onResume(stream, received);
    return stream;
  }

  private void send(Stream stream, long sequence, int number, CuMemAlloc arguments) {
    harness.session.onFrame(
        InboundFrame.of(frame(sequence, number, arguments).toByteArray()), stream);
  }

  private static ClientFrame frame(long sequence, int number, CuMemAlloc arguments) {
    return ClientFrame.newBuilder()
        .setFirstSequence(sequence)
        .addCalls(Call.newBuilder().setNumber(number).setArguments(arguments.toByteString()))
        .build();
  }

  private static CuMemAlloc bytes(long count) {
    return CuMemAlloc.newBuilder().setBytesize(count).build();
  }

  @Test
  void theWelcomeTellsHowToComeBack() {
    assertThat(harness.welcome().getResumeSecret()).isEqualTo(SECRET);
    assertThat(harness.welcome().getResumeGraceMillis()).isEqualTo(GRACE_MILLIS);
    assertThat(harness.session.presence().isSecret(SECRET)).isTrue();
    assertThat(harness.session.presence().isSecret(SECRET.substring(1))).isFalse();
    assertThat(harness.session.presence().isSecret(ByteString.EMPTY)).isFalse();
  }

  @Test
  void answersThatGotLostAreSentAgain() {
    harness.call(Calls.CU_MEM_ALLOC, bytes(100));
    harness.session.presence().onCut(harness.output, "cut");
    assertThat(harness.session.meter().waitedNanos(harness.nanos)).isNotNegative();

    Stream stream = resume(0);

    assertThat(stream.frames.get(0).hasResumed()).isTrue();
    assertThat(stream.frames.get(0).getResumed().getReceivedBytes()).isPositive();
    assertThat(stream.frames.get(1).getAnswersList())
        .singleElement()
        .satisfies(answer -> assertThat(answer.getSequence()).isEqualTo(1));
    assertThat(stream.requested).isEqualTo(1);
    assertThat(harness.session.meter().resumes()).isEqualTo(1);
  }

  @Test
  void whatTheClientHasIsNotSentAgain() {
    harness.call(Calls.CU_MEM_ALLOC, bytes(100));
    harness.session.presence().onCut(harness.output, "cut");
    Stream first = resume(0);
    harness.session.presence().onCut(first, "cut");

    Stream second = resume(first.bytes());

    assertThat(second.frames).singleElement().matches(ServerFrame::hasResumed);
  }

  @Test
  void framesOfTheStreamThatWasReplacedAreNotTaken() {
    Stream stream = resume(0);
    harness.call(Calls.CU_MEM_ALLOC, bytes(100));
    assertThat(ledger.reservedBytes()).isZero();

    send(stream, 1, Calls.CU_MEM_ALLOC, bytes(100));

    assertThat(stream.frames.get(1).getAnswersList()).hasSize(1);
    assertThat(harness.framesHeld).hasValue(0);
  }

  @Test
  void whatComesFromTheDeviceWhileTheClientIsAwayWaitsForIt() {
    harness.call(Calls.CU_MEM_ALLOC, bytes(100));
    long address = address();
    harness.call(
        Calls.CU_MEMCPY_DTO_H,
        CuMemcpyDtoH.newBuilder().setSrcDevice(address).setByteCount(100).build());
    harness.session.presence().onCut(harness.output, "cut");
    harness.run();

    Stream stream = resume(0);

    assertThat(stream.frames.stream().flatMap(each -> each.getAnswersList().stream()))
        .extracting(answer -> answer.getSequence())
        .containsExactly(1L, 2L);
  }

  private long address() {
    try {
      return CuMemAlloc.parseFrom(harness.answerTo(1).getOutputs()).getDptr();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theGraceEndsTheSession() {
    harness.call(Calls.CU_MEM_ALLOC, bytes(100));
    assertThat(ledger.reservedBytes()).isPositive();
    harness.session.presence().onCut(harness.output, "cut");
    assertThat(ledger.reservedBytes()).isPositive();

    harness.delayed.forEach(Runnable::run);

    assertThat(ledger.reservedBytes()).isZero();
    assertThat(harness.slotsGivenBack).hasValue(1);
    Stream late = resume(0);
    assertThat(late.ended).isNotNull();
    assertThat(late.frames).isEmpty();
  }

  @Test
  void theGraceOfAnEarlierCutEndsNothing() {
    harness.session.presence().onCut(harness.output, "cut");
    List<Runnable> first = List.copyOf(harness.delayed);
    harness.session.presence().onCut(resume(0), "cut");

    first.forEach(Runnable::run);

    assertThat(harness.session.isEnded()).isFalse();
  }

  @Test
  void aStoppingServerWaitsForNobody() {
    harness.session.presence().onCut(harness.output, "cut");
    harness.session.presence().stopWaiting("stopping");
    assertThat(harness.slotsGivenBack).hasValue(1);
  }

  @Test
  void aPositionThatCanNotBeEndsTheSession() {
    harness.call(Calls.CU_MEM_ALLOC, bytes(100));
    harness.session.presence().onCut(harness.output, "cut");

    Stream stream = resume(1);

    assertThat(stream.ended).isNotNull();
    assertThat(harness.slotsGivenBack).hasValue(1);
  }

  @Test
  void anAcknowledgementThatCanNotBeEndsTheSession() {
    harness.send(ClientFrame.newBuilder().setReceivedBytes(1).build());
    assertThat(harness.ended)
        .isNotNull()
        .extracting(ProtocolException::reason)
        .isEqualTo(ProtocolException.Reason.MALFORMED);
  }

  @Test
  void anAcknowledgementThatWasSentAgainSaysNothingNew() {
    Stream first = resume(0);
    send(first, 1, Calls.CU_MEM_ALLOC, bytes(100));
    long early = first.bytes();
    send(first, 2, Calls.CU_MEM_ALLOC, bytes(100));
    Stream second = resume(first.bytes());

    ClientFrame again = ClientFrame.newBuilder().setReceivedBytes(early).build();
    harness.session.onFrame(InboundFrame.of(again.toByteArray()), second);

    assertThat(harness.session.isEnded()).isFalse();
  }

  @Test
  void aSessionWithoutTermsTakesNoAcknowledgement() {
    SessionHarness plain = new SessionHarness();
    plain.send(ClientFrame.newBuilder().setReceivedBytes(1).build());
    assertThat(plain.ended).isNotNull();
  }

  /** Random cuts between all that a client and the session say to each other. */
  @Test
  void everyCallTakesEffectOnceWhateverGetsLost() {
    long seed = Long.getLong("seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    Stream stream = resume(0);
    List<ClientFrame> sent = new ArrayList<>();
    List<Long> answered = new ArrayList<>();
    long clientReceived = 0;
    int taken = 1;
    int arrived = 0;
    for (int step = 0; step < 3000; step++) {
      int what = random.nextInt(6);
      if (what < 2) {
        sent.add(frame(sent.size() + 1L, Calls.CU_MEM_ALLOC, bytes(0)));
      } else if (what < 4 && arrived < sent.size()) {
        harness.session.onFrame(InboundFrame.of(sent.get(arrived++).toByteArray()), stream);
      } else if (what == 4 && taken < stream.frames.size()) {
        stream.frames.get(taken).getAnswersList().forEach(a -> answered.add(a.getSequence()));
        clientReceived += stream.sizes.get(taken++);
      } else if (what == 5) {
        if (random.nextBoolean()) {
          harness.session.presence().onCut(stream, "cut");
        }
        stream = resume(clientReceived);
        taken = 1;
        arrived = framesOf(sent, stream.frames.get(0).getResumed().getReceivedBytes());
      }
    }
    while (taken < stream.frames.size()) {
      stream.frames.get(taken++).getAnswersList().forEach(a -> answered.add(a.getSequence()));
    }
    assertThat(harness.session.isEnded()).as("seed %s", seed).isFalse();
    assertThat(answered).as("seed %s", seed).hasSize(arrived).isSorted().doesNotHaveDuplicates();
  }

  private static int framesOf(List<ClientFrame> sent, long position) {
    long at = 0;
    int count = 0;
    while (at < position) {
      at += sent.get(count++).getSerializedSize();
    }
    assertThat(at).isEqualTo(position);
    return count;
  }
}
