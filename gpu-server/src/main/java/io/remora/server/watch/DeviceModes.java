// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Which devices new sessions don't get. Any thread may call. */
public final class DeviceModes {
  private final int devices;
  private final Set<Integer> drained = new TreeSet<>();

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
        .filter(each -> !drained.contains(each))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Whether any device is drained. */
  public synchronized boolean any() {
    return !drained.isEmpty();
  }
}
