// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool.etcd;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.remora.etcd.Compare;
import io.remora.etcd.Compare.CompareResult;
import io.remora.etcd.Compare.CompareTarget;
import io.remora.etcd.Event;
import io.remora.etcd.KeyValue;
import io.remora.etcd.LeaseKeepAliveRequest;
import io.remora.etcd.LeaseKeepAliveResponse;
import io.remora.etcd.PutRequest;
import io.remora.etcd.RangeRequest;
import io.remora.etcd.RangeResponse;
import io.remora.etcd.RequestOp;
import io.remora.etcd.TxnRequest;
import io.remora.etcd.TxnResponse;
import io.remora.etcd.WatchResponse;
import io.remora.server.pool.EtcdSettings;
import io.remora.server.pool.PoolCounts;
import io.remora.server.pool.PoolView;
import io.remora.v1.MemberState;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member's registration in etcd, its view of the others, and the counts of tenants' sessions.
 * What it keeps there hangs on a lease: when the member dies or is cut off for longer, etcd forgets
 * all of it. While etcd can't be reached no session is counted, so none is let in; sessions that
 * are there don't need it, and are counted again when it is back.
 *
 * <p>Everything happens on the pool's thread, but for the methods of {@link #counts}, which any
 * thread may call.
 */
public final class EtcdRegistry implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EtcdRegistry.class);
  private static final long RETRY_NANOS = 1_000_000_000;
  private static final long TELL_NANOS = 1_000_000_000;
  private static final long JOIN_NANOS_MAX = 5_000_000_000L;
  private static final long REVOKE_MILLIS_MAX = 500;

  private enum Standing {
    AWAY,
    JOINING,
    THERE
  }

  private final EtcdKeys keys;
  private final String self;
  private final EtcdSettings settings;
  private final PoolView view;
  private final Executor thread;
  private final LongSupplier nanoClock;
  private final EtcdClient client;

  private final EtcdCounts counts;

  private volatile Standing standing = Standing.AWAY;
  private volatile boolean leaving;

  /** Answers to an earlier standing are no news. */
  private int era;

  private long lease;
  private long triedNanos;
  private boolean tried;
  private long aliveNanos;
  private long askedNanos;
  private long toldNanos;
  private String said = "";
  private @Nullable StreamObserver<LeaseKeepAliveRequest> beat;

  private EtcdRegistry(
      EtcdSettings settings,
      EtcdKeys keys,
      String self,
      PoolView view,
      Executor thread,
      LongSupplier nanoClock)
      throws IOException {
    this.settings = settings;
    this.keys = keys;
    this.self = self;
    this.view = view;
    this.thread = thread;
    this.nanoClock = nanoClock;
    client = new EtcdClient(settings);
    counts = new EtcdCounts(keys, self, client, new Ground());
  }

  /**
   * Prepares a registration; {@link #look} makes it.
   *
   * @param thread runs what it is given on the pool's thread
   * @throws IOException if the certificates can't be used
   */
  public static EtcdRegistry open(
      EtcdSettings settings,
      String pool,
      String self,
      PoolView view,
      Executor thread,
      LongSupplier nanoClock)
      throws IOException {
    return new EtcdRegistry(settings, new EtcdKeys(pool), self, view, thread, nanoClock);
  }

  /** The counts of tenants' sessions. */
  public PoolCounts counts() {
    return counts;
  }

  /** What counting stands on. */
  private final class Ground implements EtcdCounts.Ground {
    @Override
    public boolean isFirm() {
      return standing == Standing.THERE && !leaving;
    }

    @Override
    public int era() {
      return era;
    }

    @Override
    public long lease() {
      return lease;
    }

    @Override
    public void run(Runnable task) {
      EtcdRegistry.this.run(task);
    }

    @Override
    public void onThread(int at, @Nullable Throwable failure, Runnable next) {
      EtcdRegistry.this.onThread(at, failure, next);
    }
  }

  /** Whether etcd knows this member now. */
  public boolean isThere() {
    return standing == Standing.THERE;
  }

  /** Joins if need be, stays alive, and tells how the member stands; to be called often. */
  public void look(MemberState own) {
    long now = nanoClock.getAsLong();
    switch (standing) {
      case AWAY -> {
        if (!leaving && (!tried || now - triedNanos >= RETRY_NANOS)) {
          tried = true;
          triedNanos = now;
          join(own);
        }
      }
      case JOINING -> {
        if (now - triedNanos > JOIN_NANOS_MAX) {
          away("it doesn't answer");
        }
      }
      case THERE -> stay(own, now);
    }
  }

  private void stay(MemberState own, long now) {
    if (now - aliveNanos > settings.lease().toNanos()) {
      away("the lease was not renewed in time");
      return;
    }
    StreamObserver<LeaseKeepAliveRequest> beating = beat;
    if (beating != null && now - askedNanos > settings.lease().toNanos() / 3) {
      askedNanos = now;
      beating.onNext(LeaseKeepAliveRequest.newBuilder().setID(lease).build());
    }
    if (!leaving && now - toldNanos > TELL_NANOS) {
      toldNanos = now;
      int at = era;
      var unused =
          client
              .put(keys.member(self), own.toByteString(), lease)
              .whenComplete((done, failure) -> onThread(at, failure, () -> {}));
    }
    counts.deleteLeftovers();
  }

  /** Runs on the pool's thread if the standing is still the same; a failure ends the standing. */
  private void onThread(int at, @Nullable Throwable failure, Runnable next) {
    run(
        () -> {
          if (at != era) {
            return;
          }
          if (failure != null) {
            away(why(failure));
          } else {
            next.run();
          }
        });
  }

  private void run(Runnable task) {
    try {
      thread.execute(task);
    } catch (RejectedExecutionException e) {
      log.debug("The pool's thread has ended", e);
    }
  }

  private static String why(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    Status status = Status.fromThrowable(cause == null ? failure : cause);
    return status.getCode()
        + (status.getDescription() == null ? "" : " " + status.getDescription());
  }

  private void away(String why) {
    say("can't be reached: " + why + "; sessions that run go on, new ones aren't let in");
    era++;
    standing = Standing.AWAY;
    beat = null;
    triedNanos = nanoClock.getAsLong();
    client.reconnect();
  }

  /** Logs what is news. */
  private void say(String news) {
    if (!news.equals(said)) {
      said = news;
      log.warn("etcd at {} {}", client.endpoint(), news);
    }
  }

  // ---- joining ------------------------------------------------------------------------------

  private void join(MemberState own) {
    standing = Standing.JOINING;
    int at = ++era;
    then(
        at,
        client.grant(settings.lease().toSeconds()),
        granted -> {
          lease = granted.getID();
          then(at, client.transact(registration(own)), done -> registered(at, own, done));
        });
  }

  private interface Step<S> {
    void next(S answer);
  }

  private <S> void then(int at, CompletableFuture<S> asked, Step<S> step) {
    BiConsumer<S, Throwable> answered =
        (answer, failure) -> onThread(at, failure, () -> step.next(answer));
    var unused = asked.whenComplete(answered);
  }

  /** Adds this member unless one of its name is there; looks at that one then. */
  private TxnRequest registration(MemberState own) {
    ByteString key = keys.member(self);
    return TxnRequest.newBuilder()
        .addCompare(
            Compare.newBuilder()
                .setResult(CompareResult.EQUAL)
                .setTarget(CompareTarget.VERSION)
                .setKey(key)
                .setVersion(0))
        .addSuccess(RequestOp.newBuilder().setRequestPut(put(own)))
        .addFailure(RequestOp.newBuilder().setRequestRange(RangeRequest.newBuilder().setKey(key)))
        .build();
  }

  private PutRequest put(MemberState own) {
    return PutRequest.newBuilder()
        .setKey(keys.member(self))
        .setValue(own.toByteString())
        .setLease(lease)
        .build();
  }

  private void registered(int at, MemberState own, TxnResponse done) {
    if (done.getSucceeded()) {
      load(at);
      return;
    }
    RangeResponse there = done.getResponses(0).getResponseRange();
    MemberState other = there.getKvsCount() == 0 ? null : parse(there.getKvs(0));
    if (other != null && other.getIncarnation().equals(own.getIncarnation())) {
      // This server's own, from before etcd was out of reach.
      then(at, client.put(keys.member(self), own.toByteString(), lease), put -> load(at));
      return;
    }
    say(
        "has another member '"
            + self
            + "'"
            + (other == null ? "" : " at " + other.getServer())
            + ": this one waits until that is gone; give each member its own --member");
    var unused = client.revoke(lease);
    era++;
    standing = Standing.AWAY;
    triedNanos = nanoClock.getAsLong();
  }

  private void load(int at) {
    then(
        at,
        client.range(keys.members()),
        members -> {
          Set<String> names = new HashSet<>();
          names.add(self);
          members.getKvsList().forEach(each -> heard(each, names));
          view.retain(names);
          watch(at, members.getHeader().getRevision() + 1);
          beat = client.keepAlive(new Beats(at));
          countAgain(at);
        });
  }

  /** Sessions that are there already are counted whatever the limits say. */
  private void countAgain(int at) {
    then(
        at,
        counts.putAgain(),
        done -> {
          aliveNanos = nanoClock.getAsLong();
          standing = Standing.THERE;
          said = "";
          log.info("Registered in etcd at {}", client.endpoint());
        });
  }

  // ---- the others ---------------------------------------------------------------------------

  private void heard(KeyValue pair, Set<String> names) {
    MemberState state = parse(pair);
    String name = keys.nameOf(pair.getKey());
    if (state != null && state.getName().equals(name) && !name.equals(self)) {
      names.add(name);
      view.heard(state);
    }
  }

  private static @Nullable MemberState parse(KeyValue pair) {
    try {
      return MemberState.parseFrom(pair.getValue());
    } catch (InvalidProtocolBufferException e) {
      log.warn("{} holds no member's state", pair.getKey().toStringUtf8());
      return null;
    }
  }

  private void watch(int at, long revision) {
    var unused = client.watch(keys.members(), revision, new Events(at));
  }

  private void happened(Event event) {
    if (event.getType() == Event.EventType.PUT) {
      heard(event.getKv(), new HashSet<>());
      return;
    }
    String name = keys.nameOf(event.getKv().getKey());
    if (!name.equals(self)) {
      view.remove(name);
    } else if (!leaving) {
      away("this member's lease has ended");
    }
  }

  /** What other members did. */
  private final class Events implements StreamObserver<WatchResponse> {
    private final int at;

    Events(int at) {
      this.at = at;
    }

    @Override
    public void onNext(WatchResponse response) {
      onThread(
          at,
          response.getCanceled() ? new IllegalStateException(response.getCancelReason()) : null,
          () -> response.getEventsList().forEach(EtcdRegistry.this::happened));
    }

    @Override
    public void onError(Throwable failure) {
      onThread(at, failure, () -> {});
    }

    @Override
    public void onCompleted() {
      onThread(at, new IllegalStateException("the watch has ended"), () -> {});
    }
  }

  /** Renewals of the lease. */
  private final class Beats implements StreamObserver<LeaseKeepAliveResponse> {
    private final int at;

    Beats(int at) {
      this.at = at;
    }

    @Override
    public void onNext(LeaseKeepAliveResponse response) {
      onThread(
          at,
          response.getTTL() <= 0 ? new IllegalStateException("the lease has ended") : null,
          () -> aliveNanos = nanoClock.getAsLong());
    }

    @Override
    public void onError(Throwable failure) {
      onThread(at, failure, () -> {});
    }

    @Override
    public void onCompleted() {
      onThread(at, new IllegalStateException("renewals have ended"), () -> {});
    }
  }

  // ---- leaving ------------------------------------------------------------------------------

  /** Takes the member out of the pool; its sessions stay counted until {@link #close}. */
  public void leave() {
    leaving = true;
    run(
        () -> {
          if (standing == Standing.THERE) {
            var unused = client.delete(keys.member(self));
          }
        });
  }

  @Override
  public void close() {
    leaving = true;
    if (standing == Standing.THERE) {
      try {
        var unused = client.revoke(lease).get(REVOKE_MILLIS_MAX, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        log.debug("The lease will end by itself", e);
      }
    }
    client.close();
  }
}
