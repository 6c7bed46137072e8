// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.util.BitSet;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * What the sessions of one tenant hold together, and the limits on it that are in force now: a
 * change of the tenants file is felt at the next call. One account for each tenant, shared by its
 * sessions; any thread may call.
 */
public final class TenantAccount {
  /** What is counted. */
  public enum Kind {
    STREAMS("streams"),
    EVENTS("events"),
    MODULES("modules and libraries"),
    HOST_CALLBACKS("host functions that have not run");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    /** For people, in the plural. */
    public String text() {
      return text;
    }
  }

  private final MemoryLedger memory;
  private final AtomicIntegerArray held = new AtomicIntegerArray(Kind.values().length);
  private final RateLimit upload = new RateLimit(0);
  private final RateLimit download = new RateLimit(0);
  private volatile TenantLimits limits = TenantLimits.DEFAULT;
  private volatile QueuePolicy queue = QueuePolicy.DEFAULT;

  /** Never changed once it is here. */
  private volatile BitSet refusedCalls = new BitSet();

  /** An account with no limits but the defaults. */
  public TenantAccount(MemoryLedger memory) {
    this.memory = memory;
  }

  /** Puts other limits in force. */
  public void change(TenantLimits newLimits, QueuePolicy newQueue) {
    if (!newLimits.equals(limits)) {
      refusedCalls =
          newLimits.callGroups().isEmpty()
              ? new BitSet()
              : CallGroups.load().refused(newLimits.callGroups());
      upload.change(newLimits.uploadBytesPerSecond());
      download.change(newLimits.downloadBytesPerSecond());
      limits = newLimits;
    }
    queue = newQueue;
  }

  /** Device memory. */
  public MemoryLedger memory() {
    return memory;
  }

  /** The limits in force. */
  public TenantLimits limits() {
    return limits;
  }

  /** What becomes of work that waits. */
  public QueuePolicy queue() {
    return queue;
  }

  /** Bytes from the clients. */
  public RateLimit upload() {
    return upload;
  }

  /** Bytes to the clients. */
  public RateLimit download() {
    return download;
  }

  /**
   * Whether the tenant may make this call of the call table.
   *
   * @param number as a client has sent it; there may be no such call
   */
  public boolean allowsCall(int number) {
    return number < 0 || !refusedCalls.get(number);
  }

  /** How many of a kind the tenant may have. */
  public int limit(Kind kind) {
    TenantLimits now = limits;
    return switch (kind) {
      case STREAMS -> now.streams();
      case EVENTS -> now.events();
      case MODULES -> now.modules();
      case HOST_CALLBACKS -> now.hostCallbacks();
    };
  }

  /** How many of a kind the tenant's sessions have. */
  public int held(Kind kind) {
    return held.get(kind.ordinal());
  }

  /**
   * Counts one more.
   *
   * @return false if the tenant has as many as it may; nothing has changed then
   */
  public boolean take(Kind kind) {
    int max = limit(kind);
    while (true) {
      int before = held.get(kind.ordinal());
      if (before >= max) {
        return false;
      }
      if (held.compareAndSet(kind.ordinal(), before, before + 1)) {
        return true;
      }
    }
  }

  /** Counts some less, which were taken before. */
  public void give(Kind kind, int count) {
    if (held.addAndGet(kind.ordinal(), -count) < 0) {
      throw new IllegalStateException("more " + kind.text() + " given back than were taken");
    }
  }

  /** Whether nothing is held, memory included. */
  boolean isEmpty() {
    for (Kind kind : Kind.values()) {
      if (held(kind) != 0) {
        return false;
      }
    }
    return memory.reservedBytes() == 0;
  }
}
