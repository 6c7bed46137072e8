// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.SessionImage;
import java.util.ArrayList;
import java.util.List;

/** A session's memory pools on one device. Belongs to the session's serial executor. */
final class DevicePools {
  private final MemoryPool standard;
  private final List<MemoryPool> created = new ArrayList<>();
  private MemoryPool current;

  /** The default pool of device n has the handle n + 1. */
  DevicePools(SessionDevice device) {
    standard = new MemoryPool(device.ordinal() + 1L, device, 0);
    current = standard;
  }

  /** The default pool. */
  MemoryPool standard() {
    return standard;
  }

  /** The pool that {@code cuMemAllocAsync} takes from. */
  MemoryPool current() {
    return current;
  }

  void setCurrent(MemoryPool pool) {
    current = pool;
  }

  void add(MemoryPool pool) {
    created.add(pool);
  }

  /** Forgets a pool that the program has destroyed. */
  void remove(MemoryPool pool) {
    created.remove(pool);
    if (current == pool) {
      current = standard;
    }
    pool.destroy();
  }

  /** Gives back all that pools keep and nobody has; returns whether there was any. */
  boolean trimAll() {
    long before = keptBytes();
    standard.trimTo(0);
    created.forEach(pool -> pool.trimTo(0));
    return before != 0;
  }

  private long keptBytes() {
    long bytes = standard.keptBytes();
    for (MemoryPool pool : created) {
      bytes += pool.keptBytes();
    }
    return bytes;
  }

  /** Writes down what pools there are and what they keep. */
  void describe(SessionImage.Device.Builder device) {
    device.setStandardPool(standard.image()).setCurrentPool(current.handle());
    created.forEach(pool -> device.addPools(pool.image()));
  }

  /**
   * Goes on with the pools of another server.
   *
   * @return those that the program has created, also those without a handle by now
   */
  List<MemoryPool> restore(SessionDevice on, SessionImage.Device image) {
    standard.restore(image.getStandardPool());
    for (SessionImage.Pool each : image.getPoolsList()) {
      MemoryPool pool = new MemoryPool(each.getHandle(), on, each.getBytesMax());
      pool.restore(each);
      created.add(pool);
      if (pool.handle() == image.getCurrentPool()) {
        current = pool;
      }
    }
    return List.copyOf(created);
  }
}
