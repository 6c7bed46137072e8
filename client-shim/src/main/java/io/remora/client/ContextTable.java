// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.DeviceSnapshot;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/** The session's devices and contexts. Any thread. */
final class ContextTable {
  private final List<DeviceSnapshot> devices;
  private final List<ClientContext> primaries;
  private final AtomicIntegerArray retains;
  private final ConcurrentHashMap<Long, ClientContext> created = new ConcurrentHashMap<>();

  ContextTable(List<DeviceSnapshot> devices) {
    this.devices = List.copyOf(devices);
    primaries =
        devices.stream()
            .map(
                each ->
                    new ClientContext(each.getOrdinal(), each.getOrdinal(), 0, each.getLimitsMap()))
            .toList();
    primaries.forEach(each -> each.setAlive(false));
    retains = new AtomicIntegerArray(devices.size());
  }

  /** The devices by ordinal. */
  List<DeviceSnapshot> devices() {
    return devices;
  }

  /** A device; null if there is no such ordinal. */
  @Nullable DeviceSnapshot device(long ordinal) {
    return ordinal < 0 || ordinal >= devices.size() ? null : devices.get((int) ordinal);
  }

  ClientContext primary(int ordinal) {
    return primaries.get(ordinal);
  }

  /** Counts a retain; the first one revives the context. */
  void retain(int ordinal) {
    retains.incrementAndGet(ordinal);
    primaries.get(ordinal).setAlive(true);
  }

  /**
   * Counts a release.
   *
   * @return how many retains are left, or -1 if there was none
   */
  int release(int ordinal) {
    while (true) {
      int count = retains.get(ordinal);
      if (count == 0) {
        return -1;
      }
      if (retains.compareAndSet(ordinal, count, count - 1)) {
        return count - 1;
      }
    }
  }

  /** Whether the device's primary context is retained. */
  boolean isRetained(int ordinal) {
    return retains.get(ordinal) > 0;
  }

  void add(ClientContext context) {
    created.put(context.handle(), context);
  }

  void remove(ClientContext context) {
    context.setAlive(false);
    created.remove(context.handle());
  }

  /** The context that a program's handle names; null if there is none. */
  @Nullable ClientContext find(long visible) {
    if (visible >= ClientContext.FIRST_CREATED) {
      return created.get(visible);
    }
    return visible < 1 || visible > primaries.size() ? null : primaries.get((int) visible - 1);
  }
}
