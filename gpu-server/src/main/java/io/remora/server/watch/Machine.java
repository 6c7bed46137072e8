// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.DeviceFigure;
import io.remora.server.metrics.Replacements;
import io.remora.server.queue.TenantReading;
import java.util.List;
import java.util.Map;

/** The devices of a server and their queues, as far as they are watched. Any thread may call. */
public interface Machine {
  /** The devices, by ordinal. */
  List<DeviceDescription> devices();

  /** What kind of devices they are. */
  String kind();

  /** How all tenants that have ever used a device stand with it, by name. */
  Map<String, TenantReading> readings(int device);

  /** What became of a device and its sessions after faults that ended more than one session. */
  Replacements.Reading replacements(int device);

  /** What a device's hardware has said a moment ago, without what it doesn't have. */
  Map<DeviceFigure, Integer> figures(int device);
}
