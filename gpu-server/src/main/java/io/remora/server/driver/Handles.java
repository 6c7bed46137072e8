// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Objects by handle. A handle is a slot and how often the slot was used, so that one that was
 * removed never finds another object. Looking up takes no lock; adding and removing do.
 */
public final class Handles<T> {
  private static final int SLOT_BITS = 24;
  private static final int FIRST_SLOTS = 16;

  private record Entry<T>(long handle, T object) {}

  /**
   * How handles go on.
   *
   * @param used slots that were ever used
   * @param reusable the handles that free slots had last
   */
  public record State(int used, List<Long> reusable) {
    /** Of a table that nothing was ever in. */
    public static final State FRESH = new State(0, List.of());

    public State {
      reusable = List.copyOf(reusable);
    }
  }

  private final String what;
  private final int max;
  private final ArrayList<Long> reusable = new ArrayList<>();
  private volatile AtomicReferenceArray<@Nullable Entry<T>> entries =
      new AtomicReferenceArray<>(FIRST_SLOTS);
  private int used;

  /**
   * @param what names the kind of object in errors
   * @param max most objects at once, below 2^24
   */
  public Handles(String what, int max) {
    this.what = what;
    this.max = max;
  }

  /** Gives an object a handle, never 0. */
  public synchronized long add(T object) {
    long handle;
    if (!reusable.isEmpty()) {
      handle = reusable.remove(reusable.size() - 1) + (1L << SLOT_BITS);
    } else if (used < max) {
      handle = (1L << SLOT_BITS) | used++;
    } else {
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "this context has " + max + " objects of kind " + what + ", which is the most");
    }
    int slot = slot(handle);
    if (slot >= entries.length()) {
      grow();
    }
    entries.set(slot, new Entry<>(handle, object));
    return handle;
  }

  private void grow() {
    AtomicReferenceArray<@Nullable Entry<T>> larger =
        new AtomicReferenceArray<>(entries.length() * 2);
    for (int i = 0; i < entries.length(); i++) {
      larger.set(i, entries.get(i));
    }
    entries = larger;
  }

  /** The object, or CUDA_ERROR_INVALID_HANDLE. */
  public T get(long handle) {
    AtomicReferenceArray<@Nullable Entry<T>> now = entries;
    int slot = slot(handle);
    Entry<T> entry = slot < now.length() ? now.get(slot) : null;
    if (entry == null || entry.handle != handle) {
      throw new DriverException(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "no such " + what);
    }
    return entry.object;
  }

  /** Takes the object away from its handle. */
  public synchronized T remove(long handle) {
    T object = get(handle);
    entries.set(slot(handle), null);
    reusable.add(handle);
    return object;
  }

  /** All objects that have a handle now. */
  public synchronized List<T> all() {
    List<T> objects = new ArrayList<>();
    for (int i = 0; i < entries.length(); i++) {
      Entry<T> entry = entries.get(i);
      if (entry != null) {
        objects.add(entry.object);
      }
    }
    return objects;
  }

  /** All objects that have a handle now, by handle. */
  public synchronized Map<Long, T> byHandle() {
    Map<Long, T> objects = new LinkedHashMap<>();
    for (int i = 0; i < entries.length(); i++) {
      Entry<T> entry = entries.get(i);
      if (entry != null) {
        objects.put(entry.handle, entry.object);
      }
    }
    return objects;
  }

  /** What {@link #restore} needs to go on from here. */
  public synchronized State state() {
    return new State(used, reusable);
  }

  /**
   * Goes on where another table was: gives objects the handles that they had there.
   *
   * @param objects by handle, as {@link #byHandle} said
   */
  public synchronized void restore(State state, Map<Long, T> objects) {
    if (used != 0) {
      throw new IllegalStateException("handles were given out already");
    }
    used = state.used();
    reusable.addAll(state.reusable());
    objects.forEach(
        (handle, object) -> {
          while (slot(handle) >= entries.length()) {
            grow();
          }
          entries.set(slot(handle), new Entry<>(handle, object));
        });
    while (used > entries.length()) {
      grow();
    }
  }

  private static int slot(long handle) {
    return (int) handle & ((1 << SLOT_BITS) - 1);
  }
}
