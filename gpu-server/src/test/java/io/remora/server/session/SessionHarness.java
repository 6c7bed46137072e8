// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.remora.server.metrics.Replacements;
import io.remora.server.queue.DeviceQueue;
import io.remora.server.queue.QueueConfig;
import io.remora.server.tenant.Isolation;
import io.remora.server.tenant.MemoryLedger;
import io.remora.server.tenant.QueuePolicy;
import io.remora.server.tenant.TenantAccount;
import io.remora.server.tenant.TenantClass;
import io.remora.server.tenant.TenantGrant;
import io.remora.server.tenant.TenantLimits;
import io.remora.v1.Answer;
import io.remora.v1.AsyncError;
import io.remora.v1.Call;
import io.remora.v1.ClientFrame;
import io.remora.v1.HostCallback;
import io.remora.v1.ServerFrame;
import io.remora.v1.Welcome;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One session over a {@link ManualDriver}, and a client that speaks the wire to it. */
final class SessionHarness {
  static final long QUOTA_BYTES = 64 * ManualDomain.GRANULE_BYTES;

  final ManualDriver driver;
  final MemoryLedger ledger;
  final Fates fates = new Fates();
  final List<DeviceQueue> queues = new ArrayList<>();
  final ClientSession session;
  final Deque<Runnable> loads = new ArrayDeque<>();
  final List<Answer> answers = new ArrayList<>();
  final List<AsyncError> errors = new ArrayList<>();
  final List<HostCallback> callbacks = new ArrayList<>();

  /** What the program would see of its output and its answers, in order. */
  final List<String> events = new ArrayList<>();

  final AtomicInteger framesHeld = new AtomicInteger();
  final AtomicInteger slotsGivenBack = new AtomicInteger();
  @Nullable Welcome welcome;
  @Nullable ProtocolException ended;

  /** Frames that the transport takes before it says that it has no room. */
  int writableFrames = Integer.MAX_VALUE;

  int framesRequested;
  long nanos;
  long queueNanos;
  long nanosPerReading;
  long framesSent;
  int framesTaken;

  /** The way to other servers. */
  MemberReads members = MemberReads.NONE;

  /** What waits for its time. */
  final List<Runnable> delayed = new ArrayList<>();

  final TenantAccount account;
  final SessionOutput output = new Output();
  long consumedSequence;
  long context;
  private Runnable whenWritable = () -> {};
  private long sequence;
  private long handles = HandleTable.FIRST_HANDLE;

  SessionHarness() {
    this(new ManualDriver(1), QueueConfig.DEFAULTS, SessionLimits.DEFAULTS);
  }

  SessionHarness(ManualDriver driver, QueueConfig queueConfig, SessionLimits limits) {
    this(
        driver,
        queueConfig,
        limits,
        new MemoryLedger(QUOTA_BYTES),
        new ModuleImageCache(1 << 20, 1 << 19));
  }

  SessionHarness(
      ManualDriver driver,
      QueueConfig queueConfig,
      SessionLimits limits,
      MemoryLedger ledger,
      ModuleImageCache images) {
    this(driver, queueConfig, limits, ledger, images, null);
  }

  /**
   * @param terms null for a session that can't be resumed
   */
  SessionHarness(
      ManualDriver driver,
      QueueConfig queueConfig,
      SessionLimits limits,
      MemoryLedger ledger,
      ModuleImageCache images,
      @Nullable ResumeTerms terms) {
    this.driver = driver;
    this.ledger = ledger;
    driver.devices().forEach(device -> queues.add(new DeviceQueue(queueConfig, () -> queueNanos)));
    SessionServices services =
        new SessionServices(
            driver,
            queues,
            driver.devices().stream()
                .map(
                    device ->
                        new DeviceSpill(
                            new AtomicLong(),
                            Runnable::run,
                            (nanosLater, task) -> delayed.add(task),
                            () -> nanos))
                .toList(),
            images,
            limits,
            Runnable::run,
            loads::add,
            (nanosLater, task) -> delayed.add(task),
            new DeviceRenewal(
                driver,
                new Replacements(driver.devices().size(), fates, () -> nanos),
                Runnable::run),
            () -> nanos += nanosPerReading,
            "test",
            (tenant, device) -> DeviceUse.NONE,
            new ReadTickets(() -> nanos, new SecureRandom()),
            () -> members);
    account = new TenantAccount(ledger);
    account.change(
        TenantLimits.DEFAULT,
        new QueuePolicy(
            QueuePolicy.WhenFull.BLOCK,
            queueConfig.laneWorksMax(),
            queueConfig.laneBytesMax(),
            QueuePolicy.DEFAULT.timeout()));
    TenantGrant grant =
        new TenantGrant(
            "tenant",
            1,
            TenantClass.NORMAL,
            Isolation.SHARED,
            ledger.quotaBytes(),
            Set.of(),
            account,
            slotsGivenBack::incrementAndGet);
    session = new ClientSession("test", grant, services, MachinePart.ONLY, output, terms);
    session.open();
  }

  Welcome welcome() {
    return Objects.requireNonNull(welcome, "no Welcome has come");
  }

  ManualDomain domain() {
    return driver.domains.get(0);
  }

  long newHandle() {
    return handles++;
  }

  /** Sends one call in a frame of its own and returns its sequence. */
  long call(int number, MessageLite arguments) {
    Call call =
        Call.newBuilder()
            .setNumber(number)
            .setArguments(arguments.toByteString())
            .setContext(context)
            .build();
    send(ClientFrame.newBuilder().setFirstSequence(++sequence).addCalls(call).build());
    return sequence;
  }

  /** Takes the next sequence for a frame that the test writes. */
  long nextSequence() {
    return ++sequence;
  }

  /** Sends a call and returns the answer that must be there at once. */
  Answer answer(int number, MessageLite arguments) {
    return answerTo(call(number, arguments));
  }

  void send(ClientFrame frame) {
    send(frame.toByteArray());
  }

  /** Sends a frame and counts it as held until the session lets it go. */
  void send(byte[] frame) {
    framesHeld.incrementAndGet();
    framesTaken++;
    // Two buffers, so that frames in several parts are read too.
    int half = frame.length / 2;
    session.onFrame(
        InboundFrame.of(
            List.of(
                ByteBuffer.wrap(frame, 0, half).slice(),
                ByteBuffer.wrap(frame, half, frame.length - half).slice()),
            framesHeld::decrementAndGet),
        output);
  }

  boolean isAnswered(long ofSequence) {
    return answers.stream().anyMatch(answer -> answer.getSequence() == ofSequence);
  }

  Answer answerTo(long ofSequence) {
    List<Answer> found =
        answers.stream().filter(answer -> answer.getSequence() == ofSequence).toList();
    assertThat(found).as("answers to call %d", ofSequence).hasSize(1);
    return found.get(0);
  }

  /** Does all work of all devices, and what the session makes of it. */
  void run() {
    for (int round = 0; round < 3; round++) {
      driver.domains.forEach(ManualDomain::run);
    }
  }

  void runLoads() {
    while (!loads.isEmpty()) {
      loads.remove().run();
    }
  }

  void becomeWritable(int frames) {
    writableFrames = frames;
    whenWritable.run();
  }

  private final class Output implements SessionOutput {
    @Override
    public void send(OutboundFrame frame) {
      assertThat(ended).isNull();
      framesSent++;
      writableFrames--;
      try {
        ServerFrame parsed = ServerFrame.parseFrom(frame.toByteArray());
        if (parsed.hasWelcome()) {
          welcome = parsed.getWelcome();
        }
        answers.addAll(parsed.getAnswersList());
        errors.addAll(parsed.getErrorsList());
        parsed
            .getOutputList()
            .forEach(
                each ->
                    events.add(
                        "output " + each.getText().toStringUtf8() + " lost " + each.getLost()));
        parsed.getAnswersList().forEach(each -> events.add("answer " + each.getSequence()));
        callbacks.addAll(parsed.getCallbacksList());
        consumedSequence = Math.max(consumedSequence, parsed.getConsumedSequence());
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError("the session sent a malformed frame", e);
      }
    }

    @Override
    public boolean isReady() {
      return writableFrames > 0;
    }

    @Override
    public void onReady(Runnable runnable) {
      whenWritable = runnable;
    }

    @Override
    public void requestFrame() {
      framesRequested++;
    }

    @Override
    public void moved(String server) {}

    @Override
    public void end(ProtocolException cause) {
      assertThat(ended).isNull();
      ended = cause;
    }
  }
}
