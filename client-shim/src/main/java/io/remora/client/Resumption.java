// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.remora.v1.MachinePart;
import io.remora.v1.Resume;
import io.remora.v1.Welcome;
import io.remora.wire.DriverMethods;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import io.remora.wire.WireException;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Goes on with a session whose connection was cut, or that has moved to another server: connects
 * again and again until the server takes it or the server's grace time is over. All of it runs on
 * the connection's loop.
 */
final class Resumption {
  private static final System.Logger LOG = System.getLogger(Resumption.class.getName());

  private static final long PAUSE_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(5);
  private static final long PAUSE_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(250);

  /** A server that takes a connection and then is silent for so long is tried again. */
  private static final long ATTEMPT_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);

  private final Streams streams;
  private final NanoClock clock;
  private final SessionLine line;
  private final CallSender sender;
  private final Receiver receiver;
  private final Welcome welcome;
  private final long graceNanos;
  private final Elsewhere elsewhere;
  private long cutAt;
  private long pauseNanos;
  private @Nullable Attempt attempt;

  /** What the session's own server has said last. */
  private String ownWords = "";

  private volatile boolean ending;
  private volatile boolean stopped;

  Resumption(
      Streams streams,
      NanoClock clock,
      SessionLine line,
      CallSender sender,
      Receiver receiver,
      Welcome welcome) {
    this.streams = streams;
    this.clock = clock;
    this.line = line;
    this.sender = sender;
    this.receiver = receiver;
    this.welcome = welcome;
    elsewhere = new Elsewhere(streams.elsewhere());
    graceNanos =
        TimeUnit.MILLISECONDS.toNanos(Integer.toUnsignedLong(welcome.getResumeGraceMillis()));
  }

  /**
   * A stream has ended that nobody has closed.
   *
   * @return false if the server has ended the session, which then is over
   */
  boolean begin(Status status, Metadata trailers) {
    String movedTo = trailers.get(DriverMethods.MOVED);
    boolean ended = trailers.containsKey(DriverMethods.ENDED) || (ending && status.isOk());
    if (stopped || ended) {
      return false;
    }
    if (movedTo != null && !streams.goTo(movedTo)) {
      return false;
    }
    LOG.log(System.Logger.Level.DEBUG, "the connection is cut: {0}", status);
    line.cut();
    startOver();
    return true;
  }

  private void startOver() {
    cutAt = clock.nanos();
    elsewhere.begin(cutAt);
    pauseNanos = PAUSE_NANOS_MIN;
    tryAgain();
  }

  /**
   * The program has closed the session: another stream is only to say so, or the server would keep
   * the session for its grace time. Under the sender's lock.
   */
  void end() {
    ending = true;
  }

  /** Whether the program has closed the session, which the server may not know. */
  boolean isEnding() {
    return ending && !stopped;
  }

  /** Nobody wants the session any more. Any thread. */
  void stop() {
    stopped = true;
  }

  private void tryAgain() {
    if (stopped) {
      return;
    }
    Attempt next = new Attempt();
    attempt = next;
    next.start();
    streams.schedule(() -> next.cancel("the server is silent"), ATTEMPT_NANOS_MAX);
  }

  private void failed(Status status, Metadata trailers) {
    String movedTo = trailers.get(DriverMethods.MOVED);
    if (movedTo != null && streams.goTo(movedTo)) {
      startOver();
      return;
    }
    // A server that stops may be back in time, one that has no room may have some.
    boolean maybeLater =
        status.getCode() == Status.Code.UNAVAILABLE
            || status.getCode() == Status.Code.RESOURCE_EXHAUSTED;
    boolean refused = trailers.containsKey(DriverMethods.ENDED) && !maybeLater;
    if (elsewhere.isAsking()) {
      elsewhere.failed(refused);
    } else {
      String said = status.getDescription();
      ownWords = said == null ? status.getCode().toString() : said;
      elsewhere.ownFailed(streams.server(), refused, clock.nanos());
    }
    if (!elsewhere.isAsking()) {
      pause(refused);
      return;
    }
    String next = elsewhere.next();
    while (next != null && !streams.goTo(next)) {
      next = elsewhere.next();
    }
    if (next != null) {
      tryAgain();
    } else {
      boolean isBack = streams.goTo(elsewhere.end());
      pause(elsewhere.allRefused() || !isBack);
    }
  }

  /**
   * The session's own server will be tried again later, unless there is no sense in it.
   *
   * @param refused whether the session isn't there for certain
   */
  private void pause(boolean refused) {
    if (refused) {
      giveUp("The connection to the server was cut, and the session can't go on: " + ownWords);
    } else if (clock.nanos() - cutAt >= graceNanos) {
      giveUp(
          "The connection to the server was cut and could not be restored within the "
              + TimeUnit.NANOSECONDS.toMillis(graceNanos)
              + " ms for which the server keeps a session: "
              + ownWords);
    } else {
      streams.schedule(this::tryAgain, pauseNanos);
      pauseNanos = Math.min(2 * pauseNanos, PAUSE_NANOS_MAX);
    }
  }

  private void giveUp(String why) {
    receiver.lost(new Failure(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE, why));
  }

  /** One more stream. */
  private final class Attempt extends ClientCall.Listener<InboundFrame> {
    private @Nullable ClientCall<OutboundFrame, InboundFrame> call;
    private boolean resumed;
    private boolean over;

    void start() {
      Resume resume =
          Resume.newBuilder()
              .setSessionId(welcome.getSessionId())
              .setSecret(welcome.getResumeSecret())
              .setReceivedBytes(receiver.receivedBytes())
              .build();
      call = streams.open(this, welcome.getSessionId());
      call.sendMessage(streams.hello(MachinePart.getDefaultInstance(), resume));
    }

    void cancel(String why) {
      ClientCall<OutboundFrame, InboundFrame> stream = call;
      if (!resumed && !over && stream != null) {
        stream.cancel(why, null);
      }
    }

    @Override
    public void onMessage(InboundFrame frame) {
      if (resumed) {
        receiver.onMessage(frame);
        return;
      }
      ClientCall<OutboundFrame, InboundFrame> stream = call;
      try (frame) {
        if (this != attempt || stream == null || stopped) {
          return;
        }
        long received = AnswerReader.resumed(frame);
        resumed = true;
        receiver.resumedBy(this);
        sender.locked(() -> goOn(stream, received));
        sender.signalRoom();
      } catch (WireException e) {
        receiver.broken(e);
        throw e;
      }
    }

    private void goOn(ClientCall<OutboundFrame, InboundFrame> stream, long received) {
      line.attach(stream, received);
      if (ending) {
        stream.halfClose();
      }
    }

    @Override
    public void onReady() {
      if (resumed) {
        receiver.onReady();
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      over = true;
      if (resumed) {
        receiver.closed(this, status, trailers);
      } else if (this == attempt && !stopped) {
        failed(status, trailers);
      }
    }
  }
}
