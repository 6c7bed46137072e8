// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.watch.AuditLog;
import io.remora.server.watch.LiveSession;
import io.remora.v1.MemberState;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves all sessions of a server that is drained to other members, a few at a time, and tries again
 * with those that could not move, until nobody wants that any more.
 */
final class Emptying {
  private static final Logger log = LoggerFactory.getLogger(Emptying.class);

  private static final int AT_ONCE = 4;

  /** How long a session may need to come to rest: no call of it begins meanwhile. */
  private static final long REST_MILLIS = 5_000;

  private static final long AGAIN_MILLIS = 1_000;

  private final MemberMoves moves;
  private final OpenStreams streams;
  private final AuditLog audit;
  private final ScheduledExecutorService timer;
  private final BooleanSupplier wanted;
  private final String by;
  private final CountDownLatch firstRound = new CountDownLatch(1);

  // Guarded by this.
  private final Deque<SessionStream> left = new ArrayDeque<>();
  private int underWay;

  private boolean roundBegun;

  /**
   * @param timer begins rounds
   * @param wanted whether sessions are still to be moved
   * @param by who has drained the server
   */
  Emptying(
      MemberMoves moves,
      OpenStreams streams,
      AuditLog audit,
      ScheduledExecutorService timer,
      BooleanSupplier wanted,
      String by) {
    this.moves = moves;
    this.streams = streams;
    this.audit = audit;
    this.timer = timer;
    this.wanted = wanted;
    this.by = by;
  }

  /** Begins a round. */
  void begin() {
    synchronized (this) {
      left.addAll(streams.snapshot());
      roundBegun = true;
    }
    next();
  }

  /** Waits until each session has moved, or nobody has taken it once. */
  void awaitFirstRound(long millis) throws InterruptedException {
    boolean unused = firstRound.await(millis, TimeUnit.MILLISECONDS);
  }

  private void next() {
    while (true) {
      SessionStream stream;
      synchronized (this) {
        if (underWay >= AT_ONCE) {
          return;
        }
        stream = wanted.getAsBoolean() ? left.pollFirst() : null;
        if (stream == null) {
          if (underWay == 0 && roundBegun) {
            roundBegun = false;
            left.clear();
            roundIsOver();
          }
          return;
        }
        underWay++;
      }
      LiveSession live = stream.live();
      if (live == null) {
        over();
      } else {
        attempt(stream, live, new HashSet<>());
        return;
      }
    }
  }

  private void roundIsOver() {
    firstRound.countDown();
    if (wanted.getAsBoolean()) {
      try {
        var unused = timer.schedule(this::begin, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException stopping) {
        log.debug("no more sessions are moved", stopping);
      }
    }
  }

  private void over() {
    synchronized (this) {
      underWay--;
    }
  }

  private void attempt(SessionStream stream, LiveSession live, Set<String> tried) {
    int before = tried.size();
    moves.moveAnywhere(
        stream,
        live,
        tried,
        REST_MILLIS,
        new MemberMoveListener() {
          @Override
          public void moved(MemberState member, long bytes) {
            audit.movedTo(by, live, member.getName(), bytes);
            over();
            next();
          }

          @Override
          public void refused(String why) {
            log.info("session {} stays for now: {}", live.id(), why);
            if (tried.size() > before && wanted.getAsBoolean()) {
              attempt(stream, live, tried);
            } else {
              over();
              next();
            }
          }
        });
    next();
  }
}
