// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.DeviceCopy.End;
import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Copies that go from server to server without coming here. The source's server offers the bytes
 * and gives a ticket; the target's server fetches them by it. Both are calls in the order of their
 * streams. Where that can't be, two servers are left alone for a while: then their copies go
 * through the client. Any thread.
 */
final class DirectCopies {
  /**
   * A smaller copy goes through the client: it needs one round trip, or two, and its bytes hardly
   * count; by a ticket it is three, one of them between the servers.
   */
  static final long DIRECT_BYTES_MIN = 64 << 10;

  /** How long nothing is tried again between two servers that couldn't reach each other. */
  private static final long DETOUR_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final ClientCore core;
  private final OwnCalls calls;
  private final NanoClock clock;
  private final AcrossCounters counters;
  private final ConcurrentHashMap<Way, Closed> closed = new ConcurrentHashMap<>();

  DirectCopies(ClientCore core, OwnCalls calls, NanoClock clock, AcrossCounters counters) {
    this.core = core;
    this.calls = calls;
    this.clock = clock;
    this.counters = counters;
  }

  /** From one server to another. */
  private record Way(int from, int to) {}

  /** Known not to be there until a time. */
  private record Closed(long untilNanos, Detour why) {}

  /**
   * What has become of a copy.
   *
   * @param result a {@code CUresult}
   * @param detour why the copy has to go through the client; any part of its bytes may be there
   *     already. Null: it is over, with the result.
   */
  record Attempt(int result, @Nullable Detour detour) {
    private static Attempt over(int result) {
      return new Attempt(result, null);
    }

    private static Attempt detour(Detour why) {
      return new Attempt(CUresult.CUDA_SUCCESS, why);
    }
  }

  /** Lets the target's server read from the source's, and waits until the bytes are in memory. */
  Attempt copy(DeviceCopy copy, End to, End from) {
    Numbering numbering = core.servers().numbering();
    Way way = new Way(numbering.home(from.context()), numbering.home(to.context()));
    Detour known = detour(copy, way);
    if (known != null) {
      return Attempt.detour(known);
    }
    if (to.stream() < ClientContext.FIRST_CREATED) {
      // What the target's stream has to do is done before the source's stands still.
      int result = calls.awaitStream(to.context(), to.stream());
      if (result != CUresult.CUDA_SUCCESS) {
        return Attempt.over(result);
      }
    }
    Attempt attempt = attempt(copy, to, from);
    Detour why = attempt.detour;
    if (why != null && why != Detour.BUSY) {
      closed.put(way, new Closed(clock.nanos() + DETOUR_NANOS, why));
    }
    return attempt;
  }

  private @Nullable Detour detour(DeviceCopy copy, Way way) {
    if (copy.bytes() < DIRECT_BYTES_MIN) {
      return Detour.SMALL;
    }
    Closed known = closed.get(way);
    if (known != null && clock.nanos() - known.untilNanos < 0) {
      return known.why;
    }
    boolean able =
        core.servers().at(way.from).knows(Calls.REMORA_OFFER_ROWS)
            && core.servers().at(way.to).knows(Calls.REMORA_FETCH_ROWS);
    return able ? null : Detour.OLDER;
  }

  private Attempt attempt(DeviceCopy copy, End to, End from) {
    long offer = core.newHandleNear(from.context());
    int result =
        calls.ask(
            from.context(),
            Calls.REMORA_OFFER_ROWS,
            out ->
                CallWriter.remoraOfferRows(
                    out,
                    offer,
                    copy.from(),
                    copy.fromPitch(),
                    copy.width(),
                    copy.height(),
                    from.stream()));
    if (result != CUresult.CUDA_SUCCESS) {
      // It may have been made for all that: what failed may be an earlier call.
      withdraw(from, offer);
      return Attempt.over(result);
    }
    Outputs.RemoraOfferRows made = Outputs.remoraOfferRows(calls.outputs());
    if (made.ticket().length == 0) {
      return Attempt.detour(made.pool().isEmpty() ? Detour.NO_POOL : Detour.BUSY);
    }
    Attempt fetched = fetch(copy, to, made);
    if (fetched.result != CUresult.CUDA_SUCCESS || fetched.detour != null) {
      withdraw(from, offer);
    }
    return fetched;
  }

  /** Whatever has become of the offer, its stream goes on. */
  private void withdraw(End from, long offer) {
    // If it can't be sent there is no session whose stream could stand still.
    calls.tell(
        from.context(),
        Calls.REMORA_WITHDRAW_OFFER,
        out -> CallWriter.remoraWithdrawOffer(out, offer));
  }

  private Attempt fetch(DeviceCopy copy, End to, Outputs.RemoraOfferRows offer) {
    int result =
        calls.ask(
            to.context(),
            Calls.REMORA_FETCH_ROWS,
            out ->
                CallWriter.remoraFetchRows(
                    out,
                    copy.to(),
                    copy.toPitch(),
                    copy.width(),
                    copy.height(),
                    to.stream(),
                    offer.pool(),
                    offer.member(),
                    offer.ticket()));
    if (result != CUresult.CUDA_SUCCESS) {
      return Attempt.over(result);
    }
    // RemoraFetchRows.outcome
    return switch (Outputs.remoraFetchRows(calls.outputs())) {
      case 0 -> {
        counters.direct(copy.bytes());
        yield Attempt.over(result);
      }
      case 1 -> Attempt.detour(Detour.UNREACHABLE);
      case 2 -> Attempt.detour(Detour.REFUSED);
      case 4 -> Attempt.detour(Detour.BUSY);
      default -> Attempt.detour(Detour.BROKEN_OFF);
    };
  }
}
