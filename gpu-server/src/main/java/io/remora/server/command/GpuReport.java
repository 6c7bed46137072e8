// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.MachineReport;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Driver;
import io.remora.server.driver.cuda.CudaDriver;
import io.remora.server.driver.cuda.CudaUnavailableException;
import java.util.ArrayList;
import java.util.List;

/** The GPUs that a server on this machine would serve, and what each can do. */
public final class GpuReport implements MachineReport {
  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;
  private static final int MIB_SHIFT = 20;

  @Override
  public List<Line> look() {
    try (Driver driver = CudaDriver.open(false)) {
      return lines(driver);
    } catch (CudaUnavailableException e) {
      return List.of(new Line("GPU", "none on this machine: " + e.getMessage()));
    } catch (RuntimeException | LinkageError e) {
      return List.of(new Line("GPU", "the driver fails: " + e.getMessage()));
    }
  }

  static List<Line> lines(Driver driver) {
    List<Line> lines = new ArrayList<>();
    int version = driver.driverVersion();
    lines.add(new Line("GPU driver", "CUDA " + version / 1000 + "." + version % 1000 / 10));
    for (DeviceDescription device : driver.devices()) {
      lines.add(
          new Line(
              "GPU " + device.ordinal(),
              device.name()
                  + ", compute capability "
                  + device.attributes().get(CAPABILITY_MAJOR)
                  + "."
                  + device.attributes().get(CAPABILITY_MINOR)
                  + ", "
                  + (device.totalMemoryBytes() >> MIB_SHIFT)
                  + " MiB, "
                  + String.join("; ", driver.abilities(device.ordinal()))));
    }
    return lines;
  }
}
