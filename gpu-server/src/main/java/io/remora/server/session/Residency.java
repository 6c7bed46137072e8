// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DomainImage.LoadedImage;
import io.remora.server.driver.DomainImage.UsedHeap;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the memory of a session's slab is: on the device, or on the host while the session is idle
 * and others need the room. Everything that uses the memory enters before and leaves after; work
 * that enters while the memory is away waits until it is back, at the same addresses, and keeps its
 * order. Any thread may call; the lock is also held while memory is copied, so that nobody comes in
 * between.
 */
final class Residency {
  private static final Logger log = LoggerFactory.getLogger(Residency.class);

  /** Pause before it is tried again to bring memory back while no session is idle. */
  private static final long RETRY_NANOS = 10_000_000;

  /** Granules in one copy. */
  private static final int RUN_GRANULES_MAX = 256;

  private enum State {
    RESIDENT,
    AWAY,
    /** Work waits for it, and its turn has come or will come. */
    RETURNING
  }

  /** Most that is copied at once from one domain to its successor. */
  private static final int COPY_BYTES_MAX = 4 << 20;

  private final long granuleBytes;

  // Both are replaced only while nobody uses the memory.
  private volatile Domain domain;
  private volatile DeviceSpill spill;

  // Guarded by this.
  private final BitSet resident = new BitSet();

  /** Granule number to what it holds. */
  private final TreeMap<Integer, ByteBuffer> saved = new TreeMap<>();

  private final Deque<Runnable> waiting = new ArrayDeque<>();
  private State state = State.RESIDENT;
  private boolean isItsTurn;
  private boolean closed;

  /** The device doesn't give the memory: it isn't asked again. */
  private boolean unreadable;

  private int users;
  private long lastUsedNanos;

  Residency(Domain domain, DeviceSpill spill) {
    this.domain = domain;
    this.spill = spill;
    this.granuleBytes = domain.granuleBytes();
    this.lastUsedNanos = spill.nanos();
    if (spill.isEnabled()) {
      spill.add(this);
    }
  }

  /** Whether memory can be taken away at all; if not, nobody needs to enter. */
  boolean isTracked() {
    return spill.isEnabled();
  }

  /** Runs something that uses the memory: now, or when it is back. */
  void enter(Runnable use) {
    boolean first = false;
    synchronized (this) {
      if (closed || state == State.RESIDENT) {
        users++;
      } else {
        waiting.add(use);
        if (state == State.RETURNING) {
          return;
        }
        state = State.RETURNING;
        first = true;
      }
    }
    if (first) {
      spill.returnInTurn(this::bringBack);
    } else {
      use.run();
    }
  }

  /** A use is over. */
  synchronized void leave() {
    users--;
    lastUsedNanos = spill.nanos();
  }

  /** Backs a part of the slab. */
  void commit(long address, long bytes) {
    synchronized (this) {
      domain.commit(address, bytes);
      resident.set(granule(address), granule(address + bytes));
    }
  }

  /** Takes the memory behind a part of the slab away for good, wherever it is. */
  void decommit(long address, long bytes) {
    synchronized (this) {
      int end = granule(address + bytes);
      for (int from = resident.nextSetBit(granule(address));
          from >= 0 && from < end;
          from = resident.nextSetBit(from)) {
        int to = Math.min(end, resident.nextClearBit(from));
        domain.decommit(address(from), (to - from) * granuleBytes);
        resident.clear(from, to);
      }
      var away = saved.subMap(granule(address), end);
      spill.giveHostBytes(away.size() * granuleBytes);
      away.clear();
    }
  }

  /** Memory that is on the device now. */
  synchronized long deviceBytes() {
    return resident.cardinality() * granuleBytes;
  }

  /**
   * Puts a domain's successor in its place: copies what is on the device. What is on the host stays
   * there, but for granules in which modules have variables. On a worker, while nobody uses the
   * memory.
   *
   * @param successor a domain that was reopened for the image and is empty; not closed here
   * @param newSpill of the successor's device; null if it is the same
   * @throws DriverException if that can't be; nothing has changed then
   */
  void moveTo(Domain successor, DomainImage image, @Nullable DeviceSpill newSpill) {
    moveTo(successor, image);
    if (newSpill != null) {
      DeviceSpill before = spill;
      // Without the lock: a spill takes its own first.
      before.remove(this);
      spill = newSpill;
      if (isTracked()) {
        newSpill.add(this);
      }
    }
  }

  private synchronized void moveTo(Domain successor, DomainImage image) {
    if (users > 0 || isItsTurn || closed) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_READY_VALUE, "the session's memory is in use");
    }
    if (successor.granuleBytes() != granuleBytes) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "the device has memory of other granules");
    }
    for (int from = resident.nextSetBit(0); from >= 0; from = resident.nextSetBit(from)) {
      int to = resident.nextClearBit(from);
      successor.commit(address(from), (to - from) * granuleBytes);
      from = to;
    }
    BitSet back = variablesAway(image);
    back.stream().forEach(granule -> successor.commit(address(granule), granuleBytes));
    successor.adopt(image);
    for (int from = resident.nextSetBit(0); from >= 0; from = resident.nextSetBit(from)) {
      int to = resident.nextClearBit(from);
      copy(successor, address(from), (to - from) * granuleBytes);
      from = to;
    }
    back.stream().forEach(granule -> successor.restore(address(granule), copyOf(granule)));
    UsedHeap heap = image.usedHeap();
    if (heap != null) {
      copy(successor, heap.start(), heap.bytes());
    }
    successor.takeOver();
    back.stream().forEach(saved::remove);
    spill.giveHostBytes(back.cardinality() * granuleBytes);
    resident.or(back);
    domain = successor;
    unreadable = false;
  }

  private ByteBuffer copyOf(int granule) {
    return Objects.requireNonNull(saved.get(granule)).duplicate();
  }

  /** Granules on the host in which there are variables: loading a module writes them. */
  private BitSet variablesAway(DomainImage image) {
    BitSet away = new BitSet();
    for (LoadedImage module : image.modules()) {
      for (GlobalDescription global : module.globals()) {
        int last = granule(global.address() + Math.max(1, global.bytes()) - 1);
        for (int granule = granule(global.address()); granule <= last; granule++) {
          if (saved.containsKey(granule)) {
            away.set(granule);
          }
        }
      }
    }
    return away;
  }

  private void copy(Domain successor, long start, long bytes) {
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(bytes, COPY_BYTES_MAX));
    for (long done = 0; done < bytes; done += buffer.capacity()) {
      buffer.clear().limit((int) Math.min(bytes - done, buffer.capacity()));
      domain.save(start + done, buffer);
      successor.restore(start + done, buffer.flip());
    }
  }

  /** How long nobody has used memory that could be taken away; -1 if there is none. */
  synchronized long idleNanos(long nowNanos) {
    return users > 0 || isItsTurn || closed || unreadable || resident.isEmpty()
        ? -1
        : nowNanos - lastUsedNanos;
  }

  /**
   * Takes the memory to the host, unless it is used. On a worker.
   *
   * @return bytes that the device has more now
   */
  synchronized long spill() {
    if (users > 0 || isItsTurn || closed) {
      return 0;
    }
    long freed = 0;
    try {
      for (int from = resident.nextSetBit(0); from >= 0; from = resident.nextSetBit(from)) {
        int to = Math.min(resident.nextClearBit(from), from + RUN_GRANULES_MAX);
        long bytes = (to - from) * granuleBytes;
        if (!spill.takeHostBytes(bytes)) {
          break;
        }
        save(from, to);
        freed += bytes;
      }
    } catch (DriverException | OutOfMemoryError refused) {
      unreadable = refused instanceof DriverException;
      log.warn("memory of an idle session stays on the device: {}", refused.getMessage());
    }
    return freed;
  }

  private void save(int from, int to) {
    int bytes = (int) ((to - from) * granuleBytes);
    boolean done = false;
    try {
      ByteBuffer copy = ByteBuffer.allocate(bytes);
      domain.save(address(from), copy);
      domain.decommit(address(from), bytes);
      for (int granule = from; granule < to; granule++) {
        int offset = (int) ((granule - from) * granuleBytes);
        saved.put(granule, copy.slice(offset, (int) granuleBytes));
      }
      resident.clear(from, to);
      if (state == State.RESIDENT) {
        state = State.AWAY;
      }
      done = true;
    } finally {
      if (!done) {
        spill.giveHostBytes(bytes);
      }
    }
  }

  /** On a worker, when it is its turn. */
  private void bringBack() {
    synchronized (this) {
      isItsTurn = true;
    }
    long wanted;
    while ((wanted = restoreSome()) > 0) {
      if (!spill.makeRoom(wanted, this)) {
        spill.delays().after(RETRY_NANOS, () -> spill.workers().execute(this::bringBack));
        return;
      }
    }
    runWaiting();
    spill.returned();
  }

  /** Returns how many bytes of room are missing, or 0 when all is back. */
  private synchronized long restoreSome() {
    while (!saved.isEmpty() && !closed) {
      Map.Entry<Integer, ByteBuffer> first = saved.firstEntry();
      int granule = first.getKey();
      try {
        domain.commit(address(granule), granuleBytes);
        resident.set(granule);
        domain.restore(address(granule), first.getValue());
      } catch (DriverException refused) {
        if (refused.result() == CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE) {
          return saved.size() * granuleBytes;
        }
        // The session or its device is gone, which refuses what waits for the memory.
        return 0;
      }
      saved.remove(granule);
      spill.giveHostBytes(granuleBytes);
    }
    return 0;
  }

  private void runWaiting() {
    while (true) {
      Runnable next;
      synchronized (this) {
        next = waiting.poll();
        if (next == null) {
          state = State.RESIDENT;
          isItsTurn = false;
          lastUsedNanos = spill.nanos();
          return;
        }
        users++;
      }
      next.run();
    }
  }

  /** The session ends: nothing is brought back any more. Before the domain is closed. */
  void close() {
    if (isTracked()) {
      spill.remove(this);
      synchronized (this) {
        closed = true;
        spill.giveHostBytes(saved.size() * granuleBytes);
        saved.clear();
      }
    }
  }

  /** The domain is closed: what waited for the memory is refused by it. */
  void domainClosed() {
    if (isTracked()) {
      while (true) {
        Runnable next;
        synchronized (this) {
          next = waiting.poll();
          if (next == null) {
            return;
          }
          users++;
        }
        next.run();
      }
    }
  }

  private int granule(long address) {
    return (int) ((address - domain.slabAddress()) / granuleBytes);
  }

  private long address(int granule) {
    return domain.slabAddress() + granule * granuleBytes;
  }

  /** Ranges with memory behind them, on the device or on the host, ascending. */
  synchronized List<SessionImage.Range> backed() {
    BitSet all = (BitSet) resident.clone();
    saved.keySet().forEach(all::set);
    List<SessionImage.Range> ranges = new ArrayList<>();
    for (int from = all.nextSetBit(0); from >= 0; from = all.nextSetBit(from)) {
      int to = all.nextClearBit(from);
      ranges.add(
          SessionImage.Range.newBuilder()
              .setStart(address(from))
              .setBytes((to - from) * granuleBytes)
              .build());
      from = to;
    }
    return ranges;
  }

  /** Reads backed memory, wherever it is; nobody else uses it. On a worker. */
  synchronized void read(long address, ByteBuffer into) {
    long at = address;
    int end = into.limit();
    while (into.position() < end) {
      int granule = granule(at);
      long offset = at - address(granule);
      int bytes = (int) Math.min(end - into.position(), granuleBytes - offset);
      into.limit(into.position() + bytes);
      ByteBuffer copy = saved.get(granule);
      if (copy == null) {
        domain.save(at, into);
      } else {
        into.put(copy.slice((int) offset, bytes));
      }
      into.limit(end);
      at += bytes;
    }
  }

  /** Writes memory that has come from another server. On a worker. */
  synchronized void write(long address, ByteBuffer from) {
    domain.restore(address, from);
  }
}
