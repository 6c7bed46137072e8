// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.tenant.TenantAccount.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The objects of one kind that a session's client has named. Handles are chosen by the client and
 * may be any number from {@link #FIRST_HANDLE} on, so they are keys of a hash table and never
 * indices. Owned by the session's serial executor; bounded by the capacity given at construction.
 *
 * @param <T> what a handle stands for
 */
final class HandleTable<T> {
  /** Smaller numbers have meanings of their own: devices' primary contexts, special streams. */
  static final long FIRST_HANDLE = 65_536;

  private static final int INITIAL_SLOTS = 16;

  private final int sizeMax;
  private final @Nullable SessionQuota quota;
  private final @Nullable Kind kind;
  private int size;

  /** Open addressing with linear probing; 0 marks an empty slot. Always at most half full. */
  private long[] handles = new long[INITIAL_SLOTS];

  private @Nullable Object[] values = new Object[INITIAL_SLOTS];

  /**
   * @param sizeMax how many objects may exist at once
   */
  HandleTable(int sizeMax) {
    this(sizeMax, null, null);
  }

  /**
   * A table of objects that count against the tenant's limits.
   *
   * @param sizeMax how many objects may exist at once
   */
  HandleTable(int sizeMax, @Nullable SessionQuota quota, @Nullable Kind kind) {
    this.sizeMax = sizeMax;
    this.quota = quota;
    this.kind = kind;
  }

  /** Why no object can be added at all, or null. */
  @Nullable CallException refusal() {
    if (isFull()) {
      return CallException.outOfMemory(
          "the session has " + size + " objects of this kind, the most it may have");
    }
    return quota == null || kind == null || quota.hasRoom(kind) ? null : quota.refusal(kind);
  }

  int size() {
    return size;
  }

  boolean isFull() {
    return size >= sizeMax;
  }

  /** What the handle stands for, or null if the client has no such object. */
  @SuppressWarnings("unchecked") // Only put() stores values.
  @Nullable T get(long handle) {
    if (handle == 0) {
      return null;
    }
    long[] keys = handles;
    int mask = keys.length - 1;
    int slot = slotOf(handle, mask);
    while (keys[slot] != handle) {
      if (keys[slot] == 0) {
        return null;
      }
      slot = (slot + 1) & mask;
    }
    return (T) values[slot];
  }

  /**
   * Adds an object.
   *
   * @return false if the handle is in use, or one that a client may not choose, or the table or the
   *     tenant is full
   */
  boolean put(long handle, T value) {
    if ((handle >= 0 && handle < FIRST_HANDLE) || isFull() || get(handle) != null) {
      return false;
    }
    if (quota != null && kind != null && !quota.take(kind)) {
      return false;
    }
    if (2 * (size + 1) > handles.length) {
      grow();
    }
    insert(handle, value);
    size++;
    return true;
  }

  /** Removes an object and returns it, or null if there was none. */
  @SuppressWarnings("unchecked") // Only put() stores values.
  @Nullable T remove(long handle) {
    if (handle == 0) {
      return null;
    }
    int mask = handles.length - 1;
    int slot = slotOf(handle, mask);
    while (handles[slot] != handle) {
      if (handles[slot] == 0) {
        return null;
      }
      slot = (slot + 1) & mask;
    }
    T removed = (T) values[slot];
    closeGap(slot, mask);
    size--;
    if (quota != null && kind != null) {
      quota.give(kind);
    }
    return removed;
  }

  /** All objects, in no order; a copy, so that the table may change meanwhile. */
  @SuppressWarnings("unchecked") // Only put() stores values.
  List<T> values() {
    List<T> all = new ArrayList<>(size);
    for (Object value : values) {
      if (value != null) {
        all.add((T) value);
      }
    }
    return all;
  }

  /** Removes the objects that match and gives each to {@code removed}, which may use the table. */
  @SuppressWarnings("unchecked") // Only put() stores values.
  void removeIf(Predicate<? super T> matches, Consumer<? super T> removed) {
    List<Long> matching = new ArrayList<>();
    for (int i = 0; i < handles.length; i++) {
      Object value = values[i];
      if (value != null && matches.test((T) value)) {
        matching.add(handles[i]);
      }
    }
    for (long handle : matching) {
      T value = remove(handle);
      if (value != null) {
        removed.accept(value);
      }
    }
  }

  /** Moves later entries of the probe sequence up, so that no tombstones are needed. */
  private void closeGap(int gap, int mask) {
    int hole = gap;
    int slot = (gap + 1) & mask;
    while (handles[slot] != 0) {
      int home = slotOf(handles[slot], mask);
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        handles[hole] = handles[slot];
        values[hole] = values[slot];
        hole = slot;
      }
      slot = (slot + 1) & mask;
    }
    handles[hole] = 0;
    values[hole] = null;
  }

  private void grow() {
    long[] oldHandles = handles;
    @Nullable Object[] oldValues = values;
    handles = new long[oldHandles.length * 2];
    values = new Object[oldHandles.length * 2];
    for (int i = 0; i < oldHandles.length; i++) {
      Object value = oldValues[i];
      if (value != null) {
        insert(oldHandles[i], value);
      }
    }
  }

  private void insert(long handle, Object value) {
    int mask = handles.length - 1;
    int slot = slotOf(handle, mask);
    while (handles[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    handles[slot] = handle;
    values[slot] = value;
  }

  /**
   * Fibonacci hashing: consecutive handles spread evenly, a hostile choice costs only its owner.
   */
  private static int slotOf(long handle, int mask) {
    return (int) ((handle * 0x9E3779B97F4A7C15L) >>> 32) & mask;
  }

  /** All objects by ascending handle; a copy. */
  @SuppressWarnings("unchecked") // Only put() stores values.
  Map<Long, T> byHandle() {
    Map<Long, T> all = new TreeMap<>();
    for (int i = 0; i < handles.length; i++) {
      Object value = values[i];
      if (value != null) {
        all.put(handles[i], (T) value);
      }
    }
    return all;
  }
}
