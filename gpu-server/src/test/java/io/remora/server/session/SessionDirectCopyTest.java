// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.server.session.generated.Calls;
import io.remora.server.tenant.TenantLimits;
import io.remora.v1.Answer;
import io.remora.v1.CUresult;
import io.remora.v1.CuCtxCreate;
import io.remora.v1.CuCtxDestroy;
import io.remora.v1.CuStreamBeginCapture;
import io.remora.v1.CuStreamDestroy;
import io.remora.v1.RemoraFetchRows;
import io.remora.v1.RemoraOfferRows;
import io.remora.v1.RemoraWithdrawOffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Copies from a session on one server to one on another, without their client. */
final class SessionDirectCopyTest {
  private static final int INVALID = CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
  private static final int LARGE = 3 << 20;
  private static final int NON_BLOCKING = 1;

  private final SessionHarness source = new SessionHarness();
  private final SessionHarness target = new SessionHarness();
  private final TestCalls from = new TestCalls(source);
  private final TestCalls to = new TestCalls(target);
  private final LocalMembers members = new LocalMembers();

  @BeforeEach
  void join() {
    members.add("a", source);
    members.add("b", target);
  }

  private static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new SplittableRandom(count).nextBytes(bytes);
    return bytes;
  }

  private void fill(long address, byte[] bytes) {
    for (int offset = 0; offset < bytes.length; offset += 1 << 20) {
      int part = Math.min(1 << 20, bytes.length - offset);
      byte[] piece = Arrays.copyOfRange(bytes, offset, offset + part);
      from.upload(address + offset, piece);
    }
    source.run();
  }

  /** Source memory with bytes in it. */
  private long filled(byte[] bytes) {
    long address = from.allocate(bytes.length);
    fill(address, bytes);
    return address;
  }

  private static RemoraOfferRows.Builder range(long number, long address, long bytes) {
    return RemoraOfferRows.newBuilder()
        .setOffer(number)
        .setSrcDevice(address)
        .setSrcPitch(bytes)
        .setWidthBytes(bytes)
        .setHeight(1);
  }

  private long offer(RemoraOfferRows.Builder what) {
    return source.call(Calls.REMORA_OFFER_ROWS, what.build());
  }

  private static RemoraOfferRows ticket(Answer answer) throws InvalidProtocolBufferException {
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return RemoraOfferRows.parseFrom(answer.getOutputs());
  }

  /** Offers a range and gives the ticket. */
  private RemoraOfferRows offered(long number, long address, long bytes) throws Exception {
    long call = offer(range(number, address, bytes));
    source.run();
    return ticket(source.answerTo(call));
  }

  private static RemoraFetchRows.Builder into(long address, long bytes, RemoraOfferRows offer) {
    return RemoraFetchRows.newBuilder()
        .setDstDevice(address)
        .setDstPitch(bytes)
        .setWidthBytes(bytes)
        .setHeight(1)
        .setPool(offer.getPool())
        .setMember(offer.getMember())
        .setTicket(offer.getTicket());
  }

  private long fetch(RemoraFetchRows.Builder what) {
    return target.call(Calls.REMORA_FETCH_ROWS, what.build());
  }

  private int outcome(long call) throws Exception {
    Answer answer = target.answerTo(call);
    assertThat(answer.getResult()).as(answer.getDetail()).isZero();
    return RemoraFetchRows.parseFrom(answer.getOutputs()).getOutcome();
  }

  /** Both devices work until neither has anything to do. */
  private void runBoth() {
    for (int round = 0; round < 20; round++) {
      source.run();
      target.run();
    }
  }

  private void later(SessionHarness harness, long nanos) {
    harness.nanos += nanos;
    List<Runnable> due = List.copyOf(harness.delayed);
    harness.delayed.clear();
    due.forEach(Runnable::run);
  }

  private boolean isStanding() {
    source.run();
    return source.domain().pendingSteps() > 0;
  }

  private void expectNothingLeft() {
    source.run();
    assertThat(source.domain().pendingSteps()).isZero();
    assertThat(source.session.services().tickets().open()).isZero();
    assertThat(source.session.calls().offers().isIdle()).isTrue();
    assertThat(source.errors).isEmpty();
    assertThat(source.ended).isNull();
    assertThat(target.ended).isNull();
  }

  @Test
  void bytesGoFromOneServerToTheOther() throws Exception {
    byte[] bytes = randomBytes(LARGE + 5);
    long address = to.allocate(bytes.length);
    RemoraOfferRows offer = offered(1, filled(bytes), bytes.length);
    assertThat(offer.getPool()).isEqualTo(LocalMembers.POOL);
    assertThat(offer.getMember()).isEqualTo("a");
    long up = target.session.meter().traffic().bytesUp();
    long call = fetch(into(address, bytes.length, offer));
    assertThat(target.isAnswered(call)).isFalse();
    runBoth();
    assertThat(outcome(call)).isZero();
    assertThat(target.domain().peek(address, bytes.length)).isEqualTo(bytes);
    assertThat(members.pieces).isEqualTo(13);
    assertThat(target.session.meter().traffic().bytesUp() - up).isBetween(LARGE + 5L, LARGE + 500L);
    assertThat(source.session.meter().traffic().bytesDown()).isGreaterThan(LARGE);
    expectNothingLeft();
  }

  @Test
  void noMorePiecesAreUnderWayThanTheTargetsStreamTakes() throws Exception {
    long address = to.allocate(LARGE);
    RemoraOfferRows offer = offered(1, filled(randomBytes(LARGE)), LARGE);
    fetch(into(address, LARGE, offer));
    assertThat(members.pieces).isEqualTo(8);
    assertThat(isStanding()).isTrue();
    runBoth();
    assertThat(members.pieces).isEqualTo(12);
    expectNothingLeft();
  }

  @Test
  void rowsAreTakenApartAndPutTogether() throws Exception {
    byte[] bytes = randomBytes(10 * 16);
    long row = filled(bytes);
    long address = to.allocate(10 * 20);
    long call = offer(range(1, row, 7).setSrcPitch(16).setHeight(10));
    source.run();
    long fetched =
        fetch(into(address, 7, ticket(source.answerTo(call))).setDstPitch(20).setHeight(10));
    runBoth();
    assertThat(outcome(fetched)).isZero();
    for (int i = 0; i < 10; i++) {
      byte[] expected = Arrays.copyOfRange(bytes, i * 16, i * 16 + 7);
      assertThat(target.domain().peek(address + 20L * i, 7)).isEqualTo(expected);
    }
    expectNothingLeft();
  }

  @Test
  void theStreamStandsStillFromTheTicketToTheLastByte() throws Exception {
    byte[] before = randomBytes(1000);
    long address = filled(before);
    long other = from.stream(NON_BLOCKING);
    RemoraOfferRows offer = offered(1, address, 1000);
    from.upload(address, new byte[1000]);
    long elsewhere = from.synchronize(other);
    assertThat(isStanding()).isTrue();
    assertThat(source.isAnswered(elsewhere)).isTrue();
    long there = to.allocate(1000);
    long call = fetch(into(there, 1000, offer));
    runBoth();
    assertThat(outcome(call)).isZero();
    assertThat(target.domain().peek(there, 1000)).isEqualTo(before);
    assertThat(source.domain().peek(address, 1000)).isEqualTo(new byte[1000]);
    expectNothingLeft();
  }

  @Test
  void aWithdrawnOfferLetsItsStreamGoOnAndItsTicketIsRefused() throws Exception {
    RemoraOfferRows offer = offered(7, filled(randomBytes(100)), 100);
    assertThat(isStanding()).isTrue();
    RemoraWithdrawOffer withdraw = RemoraWithdrawOffer.newBuilder().setOffer(7).build();
    source.call(Calls.REMORA_WITHDRAW_OFFER, withdraw);
    // There is nothing to take back any more.
    source.call(Calls.REMORA_WITHDRAW_OFFER, withdraw);
    expectNothingLeft();
    long call = fetch(into(to.allocate(100), 100, offer));
    assertThat(outcome(call)).isEqualTo(Fetches.REFUSED);
  }

  @Test
  void anOfferCanBeWithdrawnBeforeItsStreamGetsThere() throws Exception {
    long call = offer(range(7, filled(randomBytes(100)), 100));
    source.call(Calls.REMORA_WITHDRAW_OFFER, RemoraWithdrawOffer.newBuilder().setOffer(7).build());
    source.run();
    assertThat(ticket(source.answerTo(call)).getTicket()).isEmpty();
    expectNothingLeft();
  }

  @Test
  void whenNobodyComesTheStreamGoesOn() throws Exception {
    RemoraOfferRows offer = offered(1, filled(randomBytes(100)), 100);
    later(source, ReadTickets.LIFE_NANOS);
    assertThat(isStanding()).isTrue();
    later(source, 1_000_000_000);
    expectNothingLeft();
    long call = fetch(into(to.allocate(100), 100, offer));
    assertThat(outcome(call)).isEqualTo(Fetches.REFUSED);
  }

  @Test
  void aTicketIsGoodOnce() throws Exception {
    RemoraOfferRows offer = offered(1, filled(randomBytes(100)), 100);
    long address = to.allocate(100);
    byte[] forged = offer.getTicket().toByteArray();
    forged[40]++;
    long second = fetch(into(address, 100, offer).setTicket(ByteString.copyFrom(forged)));
    assertThat(outcome(second)).isEqualTo(Fetches.REFUSED);
    assertThat(outcome(fetch(into(address, 100, offer).clearTicket()))).isEqualTo(Fetches.REFUSED);
    long first = fetch(into(address, 100, offer));
    runBoth();
    assertThat(outcome(first)).isZero();
    assertThat(outcome(fetch(into(address, 100, offer)))).isEqualTo(Fetches.REFUSED);
    expectNothingLeft();
  }

  @Test
  void aMemberThatIsntThereIsSaidToBe() throws Exception {
    RemoraOfferRows offer = offered(1, filled(randomBytes(100)), 100);
    long address = to.allocate(100);
    long nobody = fetch(into(address, 100, offer).setMember("c"));
    assertThat(outcome(nobody)).isEqualTo(Fetches.UNREACHABLE);
    long elsewhere = fetch(into(address, 100, offer).setPool("other"));
    assertThat(outcome(elsewhere)).isEqualTo(Fetches.UNREACHABLE);
    target.members = MemberReads.NONE;
    assertThat(outcome(fetch(into(address, 100, offer)))).isEqualTo(Fetches.UNREACHABLE);
    assertThat(isStanding()).isTrue();
  }

  @Test
  void aServerOfNoPoolGivesNoTickets() throws Exception {
    source.members = MemberReads.NONE;
    RemoraOfferRows none = offered(1, filled(randomBytes(100)), 100);
    assertThat(none.getTicket()).isEmpty();
    assertThat(none.getPool()).isEmpty();
    expectNothingLeft();
  }

  @Test
  void theEndOfTheSourcesSessionEndsTheCopy() throws Exception {
    members.piecesLeft = 3;
    long memory = filled(randomBytes(LARGE));
    long other = offer(range(2, memory, 100).setHStream(from.stream(NON_BLOCKING)));
    source.run();
    RemoraOfferRows unused = ticket(source.answerTo(other));
    RemoraOfferRows offer = offered(1, memory, LARGE);
    long call = fetch(into(to.allocate(LARGE), LARGE, offer));
    runBoth();
    assertThat(target.isAnswered(call)).isFalse();
    source.session.onEnd("its client is gone");
    assertThat(outcome(call)).isEqualTo(Fetches.BROKEN_OFF);
    assertThat(source.session.services().tickets().open()).isZero();
    long late = fetch(into(to.allocate(100), 100, unused));
    assertThat(outcome(late)).isEqualTo(Fetches.REFUSED);
    assertThat(source.ledger.reservedBytes()).isZero();
  }

  @Test
  void theEndOfTheTargetsSessionLetsTheSourceGoOn() throws Exception {
    members.piecesLeft = 3;
    RemoraOfferRows offer = offered(1, filled(randomBytes(LARGE)), LARGE);
    fetch(into(to.allocate(LARGE), LARGE, offer));
    assertThat(isStanding()).isTrue();
    target.session.onEnd("its client is gone");
    expectNothingLeft();
    assertThat(target.ledger.reservedBytes()).isZero();
  }

  @Test
  void aMemberThatFallsSilentIsLeftAndSoIsAReader() throws Exception {
    members.piecesLeft = 3;
    long memory = filled(randomBytes(LARGE));
    long address = to.allocate(LARGE);
    long call = fetch(into(address, LARGE, offered(1, memory, LARGE)));
    runBoth();
    later(target, Fetches.STILL_NANOS);
    assertThat(target.isAnswered(call)).isFalse();
    later(source, Offers.STILL_NANOS);
    assertThat(isStanding()).isTrue();
    later(target, 1_000_000_000);
    assertThat(outcome(call)).isEqualTo(Fetches.BROKEN_OFF);
    expectNothingLeft();

    call = fetch(into(address, LARGE, offered(2, memory, LARGE)));
    later(source, Offers.STILL_NANOS + 1);
    assertThat(outcome(call)).isEqualTo(Fetches.BROKEN_OFF);
    expectNothingLeft();
  }

  @Test
  void aFaultOfTheSourcesDeviceEndsTheCopy() throws Exception {
    members.piecesLeft = 3;
    RemoraOfferRows offer = offered(1, filled(randomBytes(LARGE)), LARGE);
    long call = fetch(into(to.allocate(LARGE), LARGE, offer));
    runBoth();
    source.domain().fail(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS_VALUE, "a kernel went astray");
    runBoth();
    assertThat(outcome(call)).isEqualTo(Fetches.BROKEN_OFF);
    assertThat(source.session.calls().offers().isIdle()).isTrue();
    assertThat(source.session.services().tickets().open()).isZero();
  }

  private int resultOf(SessionHarness harness, long call) {
    harness.run();
    return harness.answerTo(call).getResult();
  }

  @Test
  void nothingIsOfferedOrFilledAtAddressesOfNobody() throws Exception {
    long address = filled(randomBytes(100));
    assertThat(resultOf(source, offer(range(1, address, 101)))).isEqualTo(INVALID);
    assertThat(resultOf(source, offer(range(1, address, 0)))).isEqualTo(INVALID);
    assertThat(resultOf(source, offer(range(1, 4096, 16)))).isEqualTo(INVALID);
    assertThat(resultOf(source, offer(range(1, address, -1)))).isEqualTo(INVALID);
    assertThat(resultOf(source, offer(range(1, address, 10).setHeight(Long.MAX_VALUE))))
        .isEqualTo(INVALID);
    expectNothingLeft();
    RemoraOfferRows offer = offered(1, address, 100);
    assertThat(resultOf(source, offer(range(1, address, 100)))).isEqualTo(INVALID);
    long there = to.allocate(100);
    assertThat(resultOf(target, fetch(into(there, 101, offer)))).isEqualTo(INVALID);
    assertThat(resultOf(target, fetch(into(there, 0, offer)))).isEqualTo(INVALID);
    assertThat(resultOf(target, fetch(into(4096, 100, offer)))).isEqualTo(INVALID);
    // It is still good; what comes must be as long as what was offered.
    long call = fetch(into(there, 99, offer));
    runBoth();
    assertThat(outcome(call)).isEqualTo(Fetches.BROKEN_OFF);
    expectNothingLeft();
  }

  @Test
  void memoryThatIsFreedInTheMiddleEndsTheCopy() throws Exception {
    long address = to.allocate(LARGE);
    RemoraOfferRows offer = offered(1, filled(randomBytes(LARGE)), LARGE);
    long call = fetch(into(address, LARGE, offer));
    to.free(address);
    runBoth();
    assertThat(target.answerTo(call).getResult()).isEqualTo(INVALID);
    expectNothingLeft();
  }

  @Test
  void aStreamOrContextThatEndsInTheMiddleEndsTheCopy() throws Exception {
    long address = to.allocate(LARGE);
    long memory = filled(randomBytes(LARGE));
    long stream = to.stream(NON_BLOCKING);
    RemoraOfferRows offer = offered(1, memory, LARGE);
    long call = fetch(into(address, LARGE, offer).setHStream(stream));
    target.call(Calls.CU_STREAM_DESTROY, CuStreamDestroy.newBuilder().setHStream(stream).build());
    runBoth();
    assertThat(target.answerTo(call).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE);
    expectNothingLeft();

    long context = target.newHandle();
    target.call(Calls.CU_CTX_CREATE, CuCtxCreate.newBuilder().setPctx(context).build());
    offer = offered(2, memory, LARGE);
    target.context = context;
    call = fetch(into(address, LARGE, offer));
    target.call(Calls.CU_CTX_DESTROY, CuCtxDestroy.newBuilder().setCtx(context).build());
    runBoth();
    assertThat(target.answerTo(call).getResult())
        .isEqualTo(CUresult.CUDA_ERROR_INVALID_CONTEXT_VALUE);
    expectNothingLeft();
  }

  @Test
  void aCapturingStreamTakesNeither() throws Exception {
    long address = filled(randomBytes(100));
    for (SessionHarness harness : List.of(source, target)) {
      long stream = new TestCalls(harness).stream(NON_BLOCKING);
      harness.answer(
          Calls.CU_STREAM_BEGIN_CAPTURE,
          CuStreamBeginCapture.newBuilder()
              .setHStream(stream)
              .setGraph(harness.newHandle())
              .build());
      long call =
          harness == source
              ? offer(range(1, address, 100).setHStream(stream))
              : fetch(
                  into(to.allocate(100), 100, RemoraOfferRows.getDefaultInstance())
                      .setHStream(stream));
      assertThat(harness.answerTo(call).getResult())
          .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED_VALUE);
    }
  }

  @Test
  void onlySoManyAreOpenAtOnce() throws Exception {
    long address = filled(randomBytes(100));
    for (int i = 0; i < Offers.OPEN_MAX; i++) {
      long stream = from.stream(NON_BLOCKING);
      long call = offer(range(i, address, 100).setHStream(stream));
      source.run();
      assertThat(ticket(source.answerTo(call)).getTicket()).isNotEmpty();
    }
    RemoraOfferRows none = offered(99, address, 100);
    assertThat(none.getTicket()).isEmpty();
    assertThat(none.getPool()).isEqualTo(LocalMembers.POOL);
    later(source, ReadTickets.LIFE_NANOS + 1);
    expectNothingLeft();
  }

  @Test
  void aTenantsRateHoldsForWhatIsGiven() throws Exception {
    source.account.change(rates(0, 1 << 20), source.account.queue());
    expectSlow(source);
  }

  @Test
  void aTenantsRateHoldsForWhatIsTaken() throws Exception {
    target.account.change(rates(1 << 20, 0), target.account.queue());
    expectSlow(target);
  }

  /** With 1 MiB in a second a quarter of a second goes by for each piece, but for a few. */
  private void expectSlow(SessionHarness limited) throws Exception {
    RemoraOfferRows offer = offered(1, filled(randomBytes(LARGE)), LARGE);
    long address = to.allocate(LARGE);
    long call = fetch(into(address, LARGE, offer));
    int rounds = 0;
    for (runBoth(); !target.isAnswered(call); runBoth()) {
      assertThat(rounds++).as("%d pieces after so many rounds", members.pieces).isLessThan(20);
      later(limited, 250_000_000);
    }
    assertThat(outcome(call)).isZero();
    assertThat(rounds).isPositive();
    expectNothingLeft();
  }

  private static TenantLimits rates(long up, long down) {
    TenantLimits usual = TenantLimits.DEFAULT;
    return new TenantLimits(
        usual.streams(),
        usual.events(),
        usual.modules(),
        usual.hostCallbacks(),
        usual.imageBytes(),
        up,
        down,
        usual.kernelTime(),
        usual.callGroups());
  }
}
