// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.session.DeviceUse;
import io.remora.server.watch.Viewer;
import io.remora.server.watch.Watch;
import io.remora.v1.DeviceState;
import io.remora.v1.ServerState;
import io.remora.v1.SessionOnDevice;
import io.remora.v1.SessionState;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Tells sessions how their devices are used, as their tenant would see it on the server's page.
 *
 * @param watch looks at all counters every second
 */
record WatchedUse(Watch watch) implements DeviceUse.Source {
  private static final double PERCENT = 100;

  @Override
  public DeviceUse of(String tenant, int ordinal) {
    ServerState state = watch.state(new Viewer(tenant, false, Set.of()));
    DeviceState device =
        state.getDevicesList().stream()
            .filter(each -> each.getOrdinal() == ordinal)
            .findFirst()
            .orElse(DeviceState.getDefaultInstance());
    List<DeviceUse.Process> processes = new ArrayList<>();
    for (SessionState session : state.getSessionsList()) {
      for (SessionOnDevice part : session.getDevicesList()) {
        if (part.getOrdinal() == ordinal && part.getMemoryBytes() > 0) {
          processes.add(
              new DeviceUse.Process(
                  session.getProcessId(), part.getMemoryBytes(), session.getProgram()));
        }
      }
    }
    int busyPercent = (int) Math.round(Math.min(1, device.getBusy()) * PERCENT);
    return new DeviceUse(busyPercent, processes, device.getFigures());
  }
}
