// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.WorkObserver;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Observers of works that the driver has, in order; grows to what was needed once. */
final class PendingWorks {
  private static final int FIRST_CAPACITY = 16;

  private @Nullable WorkObserver[] observers = new @Nullable WorkObserver[FIRST_CAPACITY];
  private int[] results = new int[FIRST_CAPACITY];
  private long first;
  private long end;

  /** Number of the next work; counts from 0. */
  long end() {
    return end;
  }

  long first() {
    return first;
  }

  int size() {
    return (int) (end - first);
  }

  /**
   * @param result what the driver answered to the work, if that was the end of it
   */
  void add(WorkObserver observer, int result) {
    if (size() == observers.length) {
      grow();
    }
    int slot = (int) (end++ & (observers.length - 1));
    observers[slot] = observer;
    results[slot] = result;
  }

  private void grow() {
    int capacity = observers.length;
    @Nullable WorkObserver[] all = Arrays.copyOf(observers, capacity * 2);
    int[] allResults = Arrays.copyOf(results, capacity * 2);
    for (long i = first; i < end; i++) {
      int from = (int) (i & (capacity - 1));
      int to = (int) (i & (2L * capacity - 1));
      WorkObserver observer = observers[from];
      allResults[to] = results[from];
      all[to] = observer;
    }
    observers = all;
    results = allResults;
  }

  int firstResult() {
    return results[(int) (first & (observers.length - 1))];
  }

  WorkObserver removeFirst() {
    int slot = (int) (first++ & (observers.length - 1));
    WorkObserver observer = observers[slot];
    observers[slot] = null;
    if (observer == null) {
      throw new IllegalStateException("nothing is pending");
    }
    return observer;
  }
}
