// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.BindableService;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.remora.server.driver.DeviceDescription;
import io.remora.wire.DriverMethods;
import java.util.List;

/**
 * What the standard gRPC health service answers: for the server as a whole (the empty name), for
 * {@code remora.v1.Driver}, and for each device as {@code remora.device.0} and so on.
 */
final class ServerHealth {
  private final HealthStatusManager manager = new HealthStatusManager();

  ServerHealth(List<DeviceDescription> devices) {
    manager.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.SERVING);
    manager.setStatus(DriverMethods.SERVICE, ServingStatus.SERVING);
    devices.forEach(device -> setDevice(device.ordinal(), true));
  }

  BindableService service() {
    return manager.getHealthService();
  }

  /** Says whether a device can take work. */
  void setDevice(int ordinal, boolean serving) {
    manager.setStatus(
        "remora.device." + ordinal, serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  /** Says whether the server lets sessions in. */
  void setServer(boolean serving) {
    ServingStatus status = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    manager.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    manager.setStatus(DriverMethods.SERVICE, status);
  }

  /** Everything is NOT_SERVING from now on, whatever is set later. */
  void stopping() {
    manager.enterTerminalState();
  }
}
