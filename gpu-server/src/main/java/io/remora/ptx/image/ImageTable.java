// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Textures and surfaces of one address space by the objects that kernels name. An object is a slot
 * and how often the slot was used, so that one that was removed never finds another image. Any
 * thread may call; finding takes no lock.
 */
public final class ImageTable {
  /** Most textures and surfaces together. */
  public static final int OBJECTS_MAX = 1 << 16;

  private static final int SLOT_BITS = 20;

  /** A texture or a surface. */
  public sealed interface Entry permits Texture, Surface {}

  private record Slot(long object, Entry entry) {}

  private final Deque<Long> reusable = new ArrayDeque<>();
  private volatile AtomicReferenceArray<@Nullable Slot> slots = new AtomicReferenceArray<>(16);
  private int used;

  /**
   * Gives an entry the number that kernels name it by, never 0.
   *
   * @throws IllegalStateException if there are {@link #OBJECTS_MAX} already
   */
  public synchronized long add(Entry entry) {
    Long freed = reusable.poll();
    if (freed == null && used == OBJECTS_MAX) {
      throw new IllegalStateException("there are " + used + " textures and surfaces, the most");
    }
    long object = freed != null ? freed + (1L << SLOT_BITS) : (1L << SLOT_BITS) | used++;
    put(object, entry);
    return object;
  }

  private void put(long object, Entry entry) {
    int index = index(object);
    if (index >= slots.length()) {
      AtomicReferenceArray<@Nullable Slot> larger = new AtomicReferenceArray<>(index * 2);
      for (int i = 0; i < slots.length(); i++) {
        larger.set(i, slots.get(i));
      }
      slots = larger;
    }
    slots.set(index, new Slot(object, entry));
  }

  /** How many numbers were ever given out, each again and again. */
  public synchronized int used() {
    return used;
  }

  /** Numbers of entries that were taken away, which are the next to be given out again. */
  public synchronized List<Long> reusable() {
    return List.copyOf(reusable);
  }

  /**
   * Goes on where another table was, in one that is new: entries get the numbers that they had.
   *
   * @param entries by number
   */
  public synchronized void restore(
      int usedBefore, List<Long> reusableBefore, Map<Long, ? extends Entry> entries) {
    if (used != 0) {
      throw new IllegalStateException("numbers were given out already");
    }
    used = usedBefore;
    reusable.addAll(reusableBefore);
    entries.forEach(this::put);
  }

  /** Takes an entry away; false if there is none. */
  public synchronized boolean remove(long object) {
    if (find(object) == null) {
      return false;
    }
    slots.set(index(object), null);
    reusable.add(object);
    return true;
  }

  /** The entry, or null. */
  public @Nullable Entry find(long object) {
    AtomicReferenceArray<@Nullable Slot> now = slots;
    int index = index(object);
    Slot slot = index < now.length() ? now.get(index) : null;
    return slot != null && slot.object == object ? slot.entry : null;
  }

  private static int index(long object) {
    return (int) object & ((1 << SLOT_BITS) - 1);
  }
}
