// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.DeviceFigures;
import java.util.List;

/**
 * How a device is used, as far as one tenant may know.
 *
 * @param busyPercent of the last second, by all tenants; 0 to 100
 * @param processes of the tenant
 * @param figures what the hardware says of itself
 */
public record DeviceUse(int busyPercent, List<Process> processes, DeviceFigures figures) {
  /** Nothing is known. */
  static final DeviceUse NONE = new DeviceUse(0, List.of(), DeviceFigures.getDefaultInstance());

  public DeviceUse {
    processes = List.copyOf(processes);
  }

  /**
   * A client.
   *
   * @param id as it has told it
   * @param bytes what it holds of the device
   * @param name what it runs, as it has told
   */
  public record Process(long id, long bytes, String name) {}

  /** Who knows. */
  @FunctionalInterface
  public interface Source {
    /**
     * How a device is used. Any thread; must not wait.
     *
     * @param ordinal of the device on this server
     */
    DeviceUse of(String tenant, int ordinal);
  }
}
