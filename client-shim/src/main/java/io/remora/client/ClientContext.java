// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the client holds of one context. Primary contexts have the numbers of their devices on the
 * wire; a program sees one more, since a null handle means no context.
 */
final class ClientContext {
  /** Handles below this are primary contexts. */
  static final long FIRST_CREATED = 65536;

  private final long handle;
  private final int device;
  private final Map<Integer, Long> limits;
  private final AtomicInteger users = new AtomicInteger();
  private volatile int flags;
  private volatile int cacheConfig;
  private volatile int sharedMemoryConfig;
  private volatile boolean alive = true;

  /**
   * @param handle on the wire
   * @param limits of a new context: {@code CUlimit} to value
   */
  ClientContext(long handle, int device, int flags, Map<Integer, Long> limits) {
    this.handle = handle;
    this.device = device;
    this.flags = flags;
    this.limits = new ConcurrentHashMap<>(limits);
  }

  /** Counts one user more beside its creator. */
  void attach() {
    users.incrementAndGet();
  }

  /** Counts one user less; false if that was the last. */
  boolean detach() {
    return users.getAndDecrement() > 0;
  }

  /** The handle on the wire. */
  long handle() {
    return handle;
  }

  /** The handle that the program sees. */
  long visible() {
    return handle < FIRST_CREATED ? handle + 1 : handle;
  }

  int device() {
    return device;
  }

  int flags() {
    return flags;
  }

  void setFlags(int newFlags) {
    flags = newFlags;
  }

  int cacheConfig() {
    return cacheConfig;
  }

  void setCacheConfig(int config) {
    cacheConfig = config;
  }

  int sharedMemoryConfig() {
    return sharedMemoryConfig;
  }

  void setSharedMemoryConfig(int config) {
    sharedMemoryConfig = config;
  }

  Map<Integer, Long> limits() {
    return limits;
  }

  boolean isAlive() {
    return alive;
  }

  void setAlive(boolean nowAlive) {
    alive = nowAlive;
  }
}
