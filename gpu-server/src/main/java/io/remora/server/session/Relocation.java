// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import io.remora.wire.InboundFrame;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts what the session has on a device somewhere else: into the context that follows one that a
 * fault has ended, or onto another device. No call begins meanwhile, and it is done when nothing of
 * the session is under way on the device. Belongs to the session's serial executor; what takes long
 * is run there by a worker.
 */
final class Relocation {
  private static final Logger log = LoggerFactory.getLogger(Relocation.class);

  /** How often it is looked whether the session is at rest. */
  private static final long LOOK_NANOS = 1_000_000;

  /** How long calls may go on that must come to an end before the session is at rest. */
  private static final long PAUSE_NANOS = 2 * LOOK_NANOS;

  private final ClientSession session;
  private final Deque<Task> tasks = new ArrayDeque<>();

  /** Frames that wait until calls may begin again, in order. */
  private final Deque<InboundFrame> parked = new ArrayDeque<>();

  /** Tasks that are not over, also those that are still on their way here: no call may begin. */
  private final AtomicInteger holds = new AtomicInteger();

  /** Whether the session has come from another server, and its client hasn't. */
  private boolean resting;

  /** Something to be done once the session is at rest on some devices. */
  interface Task {
    /** Where the session must be at rest. */
    List<SessionDevice> devices();

    /** Does it; on a worker. */
    void carryOut();

    /** Whether calls may go on before it is done. */
    default boolean mayPause() {
      return true;
    }

    /** Whether a device has a fault of the session's own. */
    default boolean isHopeless() {
      return devices().stream().anyMatch(each -> each.fault() != CUresult.CUDA_SUCCESS_VALUE);
    }

    /** Whether it has waited for long enough, or is hopeless; then it has ended. */
    boolean isOver();

    /** The session ends. */
    void drop();
  }

  Relocation(ClientSession session) {
    this.session = session;
  }

  /** Whether the next call must wait; any thread. */
  boolean isHolding() {
    return holds.get() > 0;
  }

  /**
   * A frame has come.
   *
   * @return whether it is kept here for now
   */
  boolean keeps(InboundFrame frame) {
    if (isHolding() || !parked.isEmpty()) {
      parked.addLast(frame);
      return true;
    }
    return false;
  }

  /** The rest of the frame that was being read. */
  void keepRest(InboundFrame frame) {
    parked.addFirst(frame);
  }

  /** A frame was read to its end; the last thing that a task does. */
  void frameRead() {
    if (!parked.isEmpty() && !isHolding()) {
      session.serial().continueElsewhere(this::readParked);
    }
  }

  private void readParked() {
    InboundFrame next = isHolding() ? null : parked.pollFirst();
    if (next != null) {
      session.read(next);
    }
  }

  /** What the session's domain on a device lived in has ended; on a driver thread. */
  void lost(SessionDevice device, String detail) {
    device.lost(detail);
    holds.incrementAndGet();
    session.signal(() -> add(new Loss(device, detail)));
  }

  /**
   * Moves what the session has on one device to another. Any thread.
   *
   * @param from the device's ordinal on this server; -1: the only one that the session has
   * @param to ordinal of the other
   * @param withinNanos how long to wait for the session to be at rest
   */
  void move(int from, int to, long withinNanos, MoveListener listener) {
    long deadline = now() + withinNanos;
    session.serial().execute(() -> begin(from, to, deadline, listener));
  }

  private void begin(int from, int to, long deadline, MoveListener listener) {
    if (session.isEnded() || !session.isOpen()) {
      listener.refused("the session is not open");
      return;
    }
    SessionDevice device = null;
    int matching = 0;
    for (SessionDevice each : session.objects().devices()) {
      if (from < 0 || each.description().ordinal() == from) {
        device = each;
        matching++;
      }
    }
    if (device == null) {
      listener.refused("the session doesn't have device " + from);
    } else if (matching > 1) {
      listener.refused(
          from < 0
              ? "the session has " + matching + " devices: say which one is to be moved"
              : "the session has device " + from + " more than once");
    } else {
      begin(new Move(device, to, deadline, listener));
    }
  }

  /**
   * Has the session carried to another server. Any thread.
   *
   * @param withinNanos how long to wait for the session to be at rest
   */
  void depart(long withinNanos, Carrier carrier) {
    long deadline = now() + withinNanos;
    session
        .serial()
        .execute(
            () -> {
              if (session.isEnded() || !session.isOpen() || resting) {
                carrier.refused("the session is not open, or has just come");
              } else {
                begin(new Departure(session, deadline, carrier));
              }
            });
  }

  /** Whether work under way ends only by what the client sends, which isn't read now. */
  private boolean isStuck() {
    return session.isOpen()
        && (session.calls().callbacks().isWithClient()
            || !session.calls().offers().isIdle()
            || session.link().awaitsAcknowledgement());
  }

  /** Lets calls go on for a moment, and begins the task anew. */
  void again(Task task) {
    session
        .services()
        .delays()
        .after(PAUSE_NANOS, () -> session.serial().execute(() -> begin(task)));
  }

  /** Lets no call begin until a task is over. */
  void begin(Task task) {
    holds.incrementAndGet();
    add(task);
  }

  /** Frames of the client that aren't carried out, in order; they stay here. */
  List<byte[]> waiting() {
    if (session.frames().isWithinFrame()) {
      parked.removeFirst().close();
      parked.addFirst(InboundFrame.of(session.frames().takeRest()));
    }
    return parked.stream().map(frame -> frame.reader().readRest()).toList();
  }

  /**
   * The session has come from another server and rests until its client comes.
   *
   * @param frames of the client that aren't carried out, in order
   */
  void rest(List<byte[]> frames) {
    holds.incrementAndGet();
    session.flow().hold(true);
    frames.forEach(frame -> parked.addLast(InboundFrame.of(frame)));
    resting = true;
  }

  /** The client has come; serial executor. */
  void wake() {
    if (resting) {
      resting = false;
      holds.decrementAndGet();
      attempt();
    }
  }

  private long now() {
    return session.services().nanoClock().getAsLong();
  }

  private void add(Task task) {
    if (session.isEnded()) {
      task.drop();
      return;
    }
    tasks.addLast(task);
    session.flow().hold(true);
    if (tasks.size() == 1) {
      attempt();
    }
  }

  /** Begins the first task if it can be begun; the last thing that a task or signal does. */
  private void attempt() {
    while (true) {
      Task task = tasks.peekFirst();
      if (task == null) {
        release();
        return;
      }
      if (task.isOver()) {
        tasks.removeFirst();
        holds.decrementAndGet();
      } else if (task.mayPause() && isStuck()) {
        tasks.removeFirst();
        holds.decrementAndGet();
        again(task);
      } else if (isAtRest(task)) {
        session.serial().continueElsewhere(this::carryOut);
        return;
      } else {
        session
            .services()
            .delays()
            .after(LOOK_NANOS, () -> session.signal(this::attemptUnlessEnded));
        return;
      }
    }
  }

  private void attemptUnlessEnded() {
    if (!session.isEnded()) {
      attempt();
    }
  }

  private boolean isAtRest(Task task) {
    return session.isOpen()
        && session.calls().loads().isIdle()
        && task.devices().stream().allMatch(this::isAtRest);
  }

  private boolean isAtRest(SessionDevice device) {
    return device.isIdle()
        && session.objects().streamsOn(device).stream().allMatch(SessionStream::isIdle);
  }

  private void carryOut() {
    Task task = tasks.peekFirst();
    if (task != null && !session.isEnded()) {
      // What ended last may have told only now that it failed.
      if (!isAtRest(task) || task.isHopeless()) {
        attempt();
        return;
      }
      tasks.removeFirst();
      try {
        task.carryOut();
      } finally {
        holds.decrementAndGet();
        attempt();
      }
    }
  }

  /** Calls may begin again. */
  private void release() {
    session.flow().hold(false);
    frameRead();
  }

  /** The session ends: nothing is put anywhere any more. */
  void sessionEnds() {
    tasks.forEach(Task::drop);
    tasks.clear();
    parked.forEach(InboundFrame::close);
    parked.clear();
  }

  /** Why something can't be done, for people. */
  String why(RuntimeException refused) {
    if (refused instanceof Unmovable unmovable) {
      return unmovable.why();
    }
    if (refused instanceof DriverException of) {
      return of.detail().isEmpty() ? String.valueOf(CUresult.forNumber(of.result())) : of.detail();
    }
    log.error("session {} can't be put elsewhere by a defect", session.id(), refused);
    return "the server has a defect, see its log";
  }

  /** The device's domain is to have a successor on the same device. */
  private final class Loss implements Task {
    private final SessionDevice device;
    private final String detail;

    Loss(SessionDevice device, String detail) {
      this.device = device;
      this.detail = detail;
    }

    @Override
    public List<SessionDevice> devices() {
      return List.of(device);
    }

    @Override
    public boolean mayPause() {
      return false;
    }

    @Override
    public boolean isOver() {
      if (!isHopeless()) {
        return false;
      }
      record(device.faultDetail());
      return true;
    }

    @Override
    public void carryOut() {
      int ordinal = device.description().ordinal();
      try {
        session.services().renewal().renew(ordinal);
        device.replace();
      } catch (RuntimeException refused) {
        device.faulted(
            CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE,
            detail + ", and this session with it: " + why(refused) + "; connect again");
        session.faults().deviceFaulted();
        record(device.faultDetail());
        return;
      }
      log.info(
          "session {} of tenant {} goes on in the new context of device {}",
          session.id(),
          session.grant().tenant(),
          ordinal);
      session
          .services()
          .renewal()
          .replacements()
          .kept(ordinal, session.id(), session.grant().tenant());
    }

    private void record(String why) {
      log.warn(
          "session {} of tenant {} has lost what it had on device {}: {}",
          session.id(),
          session.grant().tenant(),
          device.description().ordinal(),
          why);
      session
          .services()
          .renewal()
          .replacements()
          .lost(device.description().ordinal(), session.id(), session.grant().tenant(), why);
    }

    @Override
    public void drop() {}
  }

  /** The device is to be another one. */
  private final class Move implements Task {
    private final SessionDevice device;
    private final int to;
    private final long deadline;
    private final MoveListener listener;

    Move(SessionDevice device, int to, long deadline, MoveListener listener) {
      this.device = device;
      this.to = to;
      this.deadline = deadline;
      this.listener = listener;
    }

    @Override
    public List<SessionDevice> devices() {
      return List.of(device);
    }

    @Override
    public boolean isOver() {
      if (isHopeless()) {
        listener.refused("the session has a fault: " + device.faultDetail());
        return true;
      }
      if (now() - deadline > 0) {
        listener.refused("the session didn't come to rest in time; try again, with more time");
        return true;
      }
      return false;
    }

    @Override
    public void carryOut() {
      DeviceDescription from = device.description();
      DeviceDescription target = session.services().driver().devices().get(to);
      long bytes;
      try {
        bytes = device.moveTo(target, session.services());
      } catch (RuntimeException refused) {
        listener.refused(why(refused));
        return;
      }
      device.lane().onDrained(() -> session.signal(session.flow()::roomAgain));
      log.info(
          "session {} of tenant {} has moved from device {} to device {} with {} bytes",
          session.id(),
          session.grant().tenant(),
          from.ordinal(),
          target.ordinal(),
          bytes);
      listener.moved(from.ordinal(), bytes);
    }

    @Override
    public void drop() {
      listener.refused("the session has ended");
    }
  }
}
