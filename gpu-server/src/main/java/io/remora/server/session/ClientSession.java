// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.DriverException;
import io.remora.server.metrics.SessionMeter;
import io.remora.server.metrics.SessionTrace;
import io.remora.server.session.ProtocolException.Reason;
import io.remora.server.session.generated.CallDispatcher;
import io.remora.server.tenant.TenantGrant;
import io.remora.wire.InboundFrame;
import io.remora.wire.WireException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's session: takes its frames, carries out its calls in order, and sends what comes of
 * them. All state belongs to one serial executor; driver threads only leave signals there. Bounded
 * by {@link SessionLimits} and by the lanes, which say when no more frames are wanted.
 */
final class ClientSession implements Session {
  private static final Logger log = LoggerFactory.getLogger(ClientSession.class);

  private final String id;
  private final TenantGrant grant;
  private final SessionServices services;
  private final MachinePart part;
  private final SessionLink link;
  private final ClientPresence presence;
  private final SessionQuota quota;
  private final SerialExecutor serial;
  private final Outbox outbox;
  private final DeferredErrors errors;
  private final WorkEpochs epochs;
  private final StreamOrder order = new StreamOrder(this);
  private final Captures captures = new Captures(this);
  private final FrameReader frames;
  private final FlowControl flow;
  private final SessionFaults faults = new SessionFaults();
  private final Relocation relocation = new Relocation(this);
  private final DeviceOutput deviceOutput = new DeviceOutput(this);
  private final SessionMeter meter = new SessionMeter();
  private final FailureLog failures;
  private final Refusals refusals = new Refusals(this);
  private final CallTimes callTimes = new CallTimes(this);

  /** Set once the devices are open. */
  private @Nullable SessionObjects objects;

  private @Nullable SessionCalls calls;
  private @Nullable CallDispatcher dispatcher;
  private @Nullable InboundFrame currentFrame;

  private volatile int deviceCount;

  /** Written by the serial executor; read elsewhere as a hint. */
  private volatile boolean ended;

  /**
   * @param part what it is among the sessions of its client
   * @param terms null if the session ends with its stream
   */
  ClientSession(
      String id,
      TenantGrant grant,
      SessionServices services,
      MachinePart part,
      SessionOutput output,
      @Nullable ResumeTerms terms) {
    this.id = id;
    this.grant = grant;
    this.services = services;
    this.part = part;
    this.link = new SessionLink(output, terms, meter, this::payloadReleased);
    this.presence = new ClientPresence(this, link);
    this.quota = new SessionQuota(grant.account());
    this.outbox = new Outbox(link, meter);
    this.failures = new FailureLog(meter, services.nanoClock());
    this.errors = new DeferredErrors(outbox);
    this.serial = new SerialExecutor(services.workers(), this::defect, this::afterTurn);
    // Freeing calls the driver, which a signal may not.
    this.epochs = new WorkEpochs(() -> serial.signal(() -> serial.execute(this::runDueActions)));
    this.flow = new FlowControl(this, outbox, link);
    this.frames = new FrameReader(this, services.limits(), services.nanoClock());
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public SessionMeter meter() {
    return meter;
  }

  @Override
  public int devices() {
    return deviceCount;
  }

  TenantGrant grant() {
    return grant;
  }

  FailureLog failures() {
    return failures;
  }

  SessionServices services() {
    return services;
  }

  /** What it is among the sessions of its client. */
  MachinePart part() {
    return part;
  }

  /** What the session has taken of its tenant's limits. */
  SessionQuota quota() {
    return quota;
  }

  SerialExecutor serial() {
    return serial;
  }

  Outbox outbox() {
    return outbox;
  }

  DeferredErrors errors() {
    return errors;
  }

  WorkEpochs epochs() {
    return epochs;
  }

  StreamOrder order() {
    return order;
  }

  Captures captures() {
    return captures;
  }

  FlowControl flow() {
    return flow;
  }

  SessionFaults faults() {
    return faults;
  }

  Relocation relocation() {
    return relocation;
  }

  @Override
  public void move(int from, int to, long withinNanos, MoveListener listener) {
    relocation.move(from, to, withinNanos, listener);
  }

  @Override
  public void depart(long withinNanos, Carrier carrier) {
    relocation.depart(withinNanos, carrier);
  }

  /** Tells the client to go on at another server, and frees everything here; serial executor. */
  void leaveFor(String server) {
    link.moved(server);
    end("it goes on at " + server);
  }

  /** Where frames are read. */
  FrameReader frames() {
    return frames;
  }

  /** What carries calls out; there from the first frame on. */
  SessionCalls calls() {
    return Objects.requireNonNull(calls);
  }

  /** Whether the devices are open. */
  boolean isOpen() {
    return calls != null;
  }

  /** What kernels print. */
  DeviceOutput deviceOutput() {
    return deviceOutput;
  }

  boolean isEnded() {
    return ended;
  }

  /** The session's objects; there from the first frame on. */
  SessionObjects objects() {
    SessionObjects found = objects;
    if (found == null) {
      throw new IllegalStateException("a call before the devices are open");
    }
    return found;
  }

  /** The frame that is being read. */
  InboundFrame currentFrame() {
    InboundFrame frame = currentFrame;
    if (frame == null) {
      throw new IllegalStateException("no frame is being read");
    }
    return frame;
  }

  /** Opens the devices on a worker, sends Welcome and asks for the first frame. */
  void open() {
    listen();
    services
        .workers()
        .execute(
            () -> {
              List<SessionDevice> opened;
              try {
                opened = DeviceOpening.open(this);
              } catch (DriverException refused) {
                serial.execute(() -> openFailed(refused.detail()));
                return;
              } catch (RuntimeException | Error defect) {
                log.error("session {} can't be opened by a defect", id, defect);
                serial.execute(() -> openFailed("the server has a defect, see its log"));
                return;
              }
              serial.execute(() -> devicesOpened(opened));
            });
  }

  /** Hears when the client can be sent more. */
  void listen() {
    link.onReady(() -> serial.execute(this::transportReady));
  }

  private void openFailed(String detail) {
    log.warn("session {} of tenant {} can't be opened: {}", id, grant.tenant(), detail);
    if (!ended) {
      ended = true;
      outbox.close();
      link.end(
          new ProtocolException(Reason.UNAVAILABLE, "a device can't open the session: " + detail));
    }
    grant.close();
  }

  private void devicesOpened(List<SessionDevice> opened) {
    install(opened);
    if (ended) {
      closeDevices(objects());
      return;
    }
    link.greet(Handshake.welcome(this, opened));
    flow.requestIfRoom();
  }

  /** The devices are open: calls can be carried out. */
  void install(List<SessionDevice> opened) {
    objects = new SessionObjects(this, opened);
    if (ended) {
      return;
    }
    SessionCalls handlers = new SessionCalls(this);
    calls = handlers;
    dispatcher = new CallDispatcher(handlers);
    meter.devices(() -> SessionDevice.readings(opened));
    for (SessionDevice device : opened) {
      device.lane().onDrained(() -> serial.signal(flow::roomAgain));
    }
    flow.open(opened);
    deviceCount = opened.size();
  }

  @Override
  public void onFrame(InboundFrame frame, SessionOutput from) {
    serial.execute(() -> take(frame, from));
  }

  private void take(InboundFrame frame, SessionOutput from) {
    if (!link.isCurrent(from)) {
      // The client sends it again on the stream that has taken the place of this one.
      frame.close();
      return;
    }
    link.frameArrived();
    errors.frameArrived();
    try {
      flow.frameArrived(frame.bytes());
    } catch (ProtocolException violation) {
      violated(violation);
    }
    if (ended || !relocation.keeps(frame)) {
      read(frame);
    }
  }

  /** Reads a frame, or goes on with it; the last thing that a task does. */
  void read(InboundFrame frame) {
    try (frame) {
      CallDispatcher target = dispatcher;
      if (ended || target == null) {
        return;
      }
      currentFrame = frame;
      if (frames.read(frame, target)) {
        flow.consumed(frames.lastSequence());
        relocation.frameRead();
      } else if (relocation.isHolding()) {
        relocation.keepRest(frame.retain());
      } else {
        frame.retain();
        serial.continueElsewhere(() -> read(frame));
      }
    } catch (ProtocolException violation) {
      violated(violation);
    } catch (WireException malformed) {
      violated(new ProtocolException(Reason.MALFORMED, String.valueOf(malformed.getMessage())));
    } finally {
      currentFrame = null;
      meter.progress(frames.lastSequence(), flow.consumedBytes());
    }
  }

  /** The client has run host callbacks. */
  void callbackDone(long sequence) {
    if (calls != null) {
      calls.callbacks().done(sequence);
    }
  }

  /** Counts the calls that the client waits for. */
  CallTimes callTimes() {
    return callTimes;
  }

  /** Work for the program: kept in CUDA's order between streams. */
  void submit(SessionStream stream, QueuedWork work) {
    order.beforeWork(stream);
    enqueue(stream, work);
  }

  /** Work whose place between streams is the caller's affair. */
  void enqueue(SessionStream stream, QueuedWork work) {
    SessionTrace trace = meter.trace();
    if (trace != null && work.times == null && work.sequence() != 0) {
      work.times = trace.begin();
    }
    work.submitted(stream, epochs.enter());
    stream.workBegins();
    stream.device().lane().submit(work);
  }

  /** What the tenant may use of a device's memory. */
  long totalMemoryBytes(DeviceDescription device) {
    return Math.min(grant.memory().quotaBytes(), device.totalMemoryBytes());
  }

  /**
   * The device whose allocation holds a range.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if none does
   */
  SessionDevice memory(long address, long bytes) {
    return objects().holding(address, bytes);
  }

  /** Leaves a task from any thread; see {@link SerialExecutor#signal}. */
  void signal(Runnable task) {
    serial.signal(task);
  }

  private void runDueActions() {
    if (!ended && calls != null) {
      epochs.runDue();
      calls.memory().memoryCameBack();
    }
  }

  /** There may be room for more; serial executor. */
  void transportReady() {
    if (!link.isReady()) {
      return;
    }
    outbox.transportReady();
    if (!ended && calls != null) {
      calls.downloads().transportReady();
      deviceOutput.sendIfRoom();
      flow.requestIfRoom();
    }
  }

  private void afterTurn() {
    if (!ended) {
      flow.creditIfDue();
      outbox.flush();
      flow.requestIfRoom();
    }
  }

  /** A defect of the server: it ends this session and nothing else. Any thread. */
  void defect(Throwable thrown) {
    log.error("session {} of tenant {} ends by a defect", id, grant.tenant(), thrown);
    serial.execute(
        () ->
            violated(
                new ProtocolException(
                    Reason.INTERNAL, "the server has a defect; its log names session " + id)));
  }

  /** Tells the client why, and frees everything; serial executor. */
  void violated(ProtocolException violation) {
    if (!ended) {
      link.end(violation);
      end(violation.reason() + ": " + violation.message());
    }
  }

  @Override
  public void onEnd(String reason) {
    serial.execute(() -> end(reason));
  }

  @Override
  public ClientPresence presence() {
    return presence;
  }

  /** The way to the client. */
  SessionLink link() {
    return link;
  }

  private void payloadReleased(ByteBuffer payload) {
    if (calls != null) {
      calls.downloads().released(payload);
    }
  }

  /** Calls that are failed before anything of them is done. */
  Refusals refusals() {
    return refusals;
  }

  /** Frees everything, once; serial executor. */
  void end(String reason) {
    if (ended) {
      return;
    }
    ended = true;
    outbox.close();
    link.close();
    quota.close();
    relocation.sessionEnds();
    log.info("session {} of tenant {} ends: {}", id, grant.tenant(), reason);
    SessionObjects opened = objects;
    if (opened == null) {
      // The worker that opens the devices finds the session ended and closes them.
      return;
    }
    for (SessionDevice device : opened.devices()) {
      device.lane().close();
    }
    if (calls != null) {
      calls.sessionEnds(() -> closeDevices(opened));
    } else {
      closeDevices(opened);
    }
  }

  /** A session that was to come from another server doesn't: nothing of it is left after this. */
  void abandon(List<SessionDevice> opened) {
    ended = true;
    quota.close();
    opened.forEach(device -> device.lane().close());
    DeviceOpening.close(this, opened);
  }

  /** The last step, on a worker: when it is done, nothing of the session is left. */
  private void closeDevices(SessionObjects opened) {
    services.workers().execute(() -> DeviceOpening.close(this, opened.devices()));
  }
}
