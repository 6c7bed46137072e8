// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one session has done. The session writes, from its serial executor where no other thread is
 * named; any thread may read. Its size is bounded by the number of kernels whose time is kept
 * apart.
 */
public final class SessionMeter {
  /** Further kernels are counted together. */
  private static final int KERNELS_MAX = 1024;

  /** Mangled names of C++ can be far longer than anybody reads. */
  private static final int NAME_CHARS_MAX = 160;

  private static final String OTHERS = "other kernels";

  // Each has one writing thread at a time: a lazy set is a plain store.
  private final AtomicLong calls = new AtomicLong();
  private final AtomicLong waits = new AtomicLong();
  private final AtomicLong bytesUp = new AtomicLong();
  private final AtomicLong bytesFetched = new AtomicLong();
  private final AtomicLong bytesDown = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final AtomicLong faults = new AtomicLong();
  private volatile @Nullable Failure lastFailure;
  private volatile Supplier<List<DeviceReading>> devices = List::of;
  private volatile @Nullable SessionTrace trace;

  private volatile long detachedNanos;
  private volatile boolean detached;
  private final AtomicLong resumes = new AtomicLong();

  // What was counted on another server; both belong to the session's serial executor.
  private long callsBefore;
  private long bytesBefore;

  /** Belongs to the session's serial executor. */
  private final Map<KernelKey, KernelMeter> kernels = new HashMap<>();

  private final Queue<KernelMeter> ran = new ConcurrentLinkedQueue<>();

  private record KernelKey(int device, String name) {}

  /** So many calls were carried out, and so many bytes came in, since the session began. */
  public void progress(long callsSoFar, long bytesUpSoFar) {
    calls.lazySet(callsSoFar - callsBefore);
    bytesUp.lazySet(bytesUpSoFar - bytesBefore);
  }

  /** The client waits for a call. */
  public void waits() {
    waits.lazySet(waits.getPlain() + 1);
  }

  /** Bytes have come from another server. */
  public void fetched(int bytes) {
    bytesFetched.lazySet(bytesFetched.getPlain() + bytes);
  }

  /** A frame goes to the client, or a piece of memory to another server. */
  public void sent(int bytes) {
    bytesDown.lazySet(bytesDown.getPlain() + bytes);
  }

  /** A call has failed. What fails after a fault because of it is not counted again. */
  public void failed(Failure failure) {
    boolean faultedBefore = faults.getPlain() != 0;
    if (failure.sticky() && faultedBefore) {
      return;
    }
    failures.lazySet(failures.getPlain() + 1);
    if (failure.sticky()) {
      faults.lazySet(1);
    }
    if (!faultedBefore) {
      lastFailure = failure;
    }
  }

  /**
   * The connection is cut, and the session waits for its client.
   *
   * @param nanos when
   */
  public void detached(long nanos) {
    detachedNanos = nanos;
    detached = true;
  }

  /** The client is back. */
  public void attached() {
    detached = false;
    resumes.lazySet(resumes.getPlain() + 1);
  }

  /** How long the session has waited for its client; -1 if it doesn't. */
  public long waitedNanos(long now) {
    return detached ? Math.max(0, now - detachedNanos) : -1;
  }

  /** How often the client has come back. */
  public long resumes() {
    return resumes.get();
  }

  /** The devices are open: this reads them, from any thread. */
  public void devices(Supplier<List<DeviceReading>> reader) {
    devices = reader;
  }

  /**
   * The meter of a kernel.
   *
   * @param device as the session numbers its devices
   * @param ordinal the device's ordinal on this server, which may change
   */
  public KernelMeter kernel(int device, String name, IntSupplier ordinal) {
    String shown = name.length() <= NAME_CHARS_MAX ? name : name.substring(0, NAME_CHARS_MAX);
    KernelKey key =
        new KernelKey(device, kernels.size() < KERNELS_MAX ? shown : otherwise(device, shown));
    return kernels.computeIfAbsent(key, k -> new KernelMeter(this, ordinal, k.name()));
  }

  private String otherwise(int device, String name) {
    return kernels.containsKey(new KernelKey(device, name)) ? name : OTHERS;
  }

  void list(KernelMeter kernel) {
    ran.add(kernel);
  }

  /** Begins to record what the session does, or ends that with null. Any thread. */
  public void trace(@Nullable SessionTrace recorder) {
    trace = recorder;
  }

  /** Where to record what the session does; null nearly always. Any thread. */
  public @Nullable SessionTrace trace() {
    return trace;
  }

  /** What has come and gone so far. */
  public Traffic traffic() {
    return new Traffic(
        calls.get(),
        waits.get(),
        bytesUp.get() + bytesFetched.get(),
        bytesDown.get(),
        failures.get(),
        faults.get());
  }

  /** The fault, or else the failure that came last; null if there was none. */
  public @Nullable Failure lastFailure() {
    return lastFailure;
  }

  /** What it has done on its devices so far; empty until they are open. */
  public List<DeviceReading> devices() {
    return devices.get();
  }

  /** The kernels that ran since this was last asked. One thread at a time. */
  public List<KernelTime> takeKernels() {
    List<KernelTime> taken = new ArrayList<>();
    for (KernelMeter kernel = ran.poll(); kernel != null; kernel = ran.poll()) {
      taken.add(kernel.take());
    }
    return taken;
  }

  /**
   * The session comes from another server, which has counted what was before: here counts what is
   * done here.
   *
   * @param callsThere that were carried out there
   * @param bytesThere that came in there
   * @param resumed how often its client has come back so far
   */
  public void comes(long callsThere, long bytesThere, long resumed) {
    callsBefore = callsThere;
    bytesBefore = bytesThere;
    resumes.set(resumed);
  }
}
