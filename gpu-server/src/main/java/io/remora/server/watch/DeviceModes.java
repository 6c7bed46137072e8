// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which devices new sessions don't get: those that an operator has drained, and those that are in
 * trouble. Also whether the server as a whole is drained. Any thread may call.
 */
public final class DeviceModes {
  private final int devices;
  private final Set<Integer> drained = new TreeSet<>();
  private final Map<Integer, String> troubled = new TreeMap<>();
  private boolean serverDrained;

  /**
   * @param devices how many the server has
   */
  public DeviceModes(int devices) {
    this.devices = devices;
  }

  /** How many the server has. */
  public int devices() {
    return devices;
  }

  /** New sessions don't get this device from now on. */
  public synchronized void drain(int ordinal) {
    drained.add(ordinal);
  }

  /** New sessions get this device again. */
  public synchronized void serve(int ordinal) {
    drained.remove(ordinal);
  }

  /** Whether new sessions don't get it. */
  public synchronized boolean isDrained(int ordinal) {
    return drained.contains(ordinal);
  }

  /**
   * What is left of the devices that a tenant may use.
   *
   * @param allowed empty for all
   * @return empty if none is left
   */
  public synchronized Set<Integer> left(Set<Integer> allowed) {
    return IntStream.range(0, devices)
        .boxed()
        .filter(each -> allowed.isEmpty() || allowed.contains(each))
        .filter(each -> !drained.contains(each) && !troubled.containsKey(each))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Whether any device is drained or in trouble. */
  public synchronized boolean any() {
    return !drained.isEmpty() || !troubled.isEmpty();
  }

  /** A device doesn't work: new sessions don't get it until it is {@link #recovered}. */
  public synchronized void trouble(int ordinal, String why) {
    troubled.put(ordinal, why);
  }

  /** A device works again. */
  public synchronized void recovered(int ordinal) {
    troubled.remove(ordinal);
  }

  /** Why a device gets no new sessions though nobody drained it; empty if it is fine. */
  public synchronized String whyTroubled(int ordinal) {
    return troubled.getOrDefault(ordinal, "");
  }

  /** Whether new sessions get it. */
  public synchronized boolean serves(int ordinal) {
    return !drained.contains(ordinal) && !troubled.containsKey(ordinal);
  }

  /** The server lets no new session in, or lets them in again. */
  public synchronized void drainServer(boolean drain) {
    serverDrained = drain;
  }

  /** Whether the server lets no new session in. */
  public synchronized boolean isServerDrained() {
    return serverDrained;
  }
}
