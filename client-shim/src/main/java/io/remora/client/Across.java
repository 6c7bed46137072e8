// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import jcuda.driver.CUresult;

/**
 * What concerns two servers of a program: copies between them, and waits for events. Any thread.
 */
final class Across implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Across.class.getName());

  private final ClientCore core;
  private final AcrossThread thread;
  private final AcrossCounters counters = new AcrossCounters();
  private final AcrossCopies copies;
  private final AcrossWaits waits;

  Across(ClientCore core, NanoClock clock) {
    this.core = core;
    OwnCalls calls = new OwnCalls(core);
    Lanes lanes = new Lanes(core, calls);
    thread = new AcrossThread(core.servers());
    DirectCopies direct = new DirectCopies(core, calls, clock, counters);
    copies = new AcrossCopies(core, calls, lanes, thread, direct, counters);
    waits = new AcrossWaits(core, calls, lanes, thread);
  }

  /** Hears of servers that are lost from now on. */
  void watch() {
    core.servers().whenLost(this::lost);
  }

  private void lost(int server) {
    Connection connection = core.servers().at(server);
    Failure failure = connection.failure();
    if (failure != null && failure.result() != CUresult.CUDA_ERROR_DEINITIALIZED) {
      LOG.log(
          System.Logger.Level.WARNING,
          "The session on {0} is lost; those on the other servers go on. {1}",
          connection.server(),
          failure.detail());
    }
    waits.lost(server);
  }

  /** Whether memory and stream, by its handle on the wire, aren't all of one server. */
  boolean concerns(DeviceCopy copy, long stream) {
    Numbering numbering = core.servers().numbering();
    int to = numbering.homeOfAddress(copy.to());
    int from = numbering.homeOfAddress(copy.from());
    return to >= 0 && from >= 0 && (to != from || isElsewhere(copy.to(), stream));
  }

  /** Whether an address is of another server than a stream. */
  boolean isElsewhere(long address, long stream) {
    int home = core.servers().numbering().homeOfAddress(address);
    return home >= 0 && home != homeOfStream(stream);
  }

  private int homeOfStream(long stream) {
    return core.servers().numbering().home(core.nearStream(core.thread(), stream));
  }

  /** Whether an event is of another server than a stream. */
  boolean isElsewhereEvent(long event, long stream) {
    Numbering numbering = core.servers().numbering();
    int home = numbering.home(event);
    return event >= ClientContext.FIRST_CREATED
        && home < numbering.servers()
        && home != homeOfStream(stream);
  }

  /** See {@link AcrossCopies#copy}. */
  int copy(DeviceCopy copy, long stream, boolean now) {
    return copies.copy(copy, stream, now);
  }

  /** See {@link AcrossWaits#await}. */
  int await(long stream, long event) {
    return waits.await(stream, event);
  }

  AcrossStats stats() {
    return counters.snapshot(core.servers().all().size());
  }

  @Override
  public void close() {
    thread.close();
  }
}
