// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.driver.DeviceFigure;
import io.remora.v1.DeviceFigures;
import java.util.Map;

/** A driver's figures as clients read them. */
final class Figures {
  private Figures() {}

  /** The figures that are there; no field is set for others. */
  static DeviceFigures message(Map<DeviceFigure, Integer> figures) {
    DeviceFigures.Builder message = DeviceFigures.newBuilder();
    figures.forEach((figure, value) -> set(message, figure, value));
    return message.build();
  }

  private static DeviceFigures.Builder set(
      DeviceFigures.Builder message, DeviceFigure figure, int value) {
    return switch (figure) {
      case TEMPERATURE_CELSIUS -> message.setTemperatureCelsius(value);
      case POWER_MILLIWATTS -> message.setPowerMilliwatts(value);
      case POWER_LIMIT_MILLIWATTS -> message.setPowerLimitMilliwatts(value);
      case ENFORCED_POWER_LIMIT_MILLIWATTS -> message.setEnforcedPowerLimitMilliwatts(value);
      case GPU_PERCENT -> message.setGpuPercent(value);
      case MEMORY_PERCENT -> message.setMemoryPercent(value);
      case GRAPHICS_CLOCK_MEGAHERTZ -> message.setGraphicsClockMegahertz(value);
      case SM_CLOCK_MEGAHERTZ -> message.setSmClockMegahertz(value);
      case MEMORY_CLOCK_MEGAHERTZ -> message.setMemoryClockMegahertz(value);
      case GRAPHICS_CLOCK_MAX_MEGAHERTZ -> message.setGraphicsClockMaxMegahertz(value);
      case SM_CLOCK_MAX_MEGAHERTZ -> message.setSmClockMaxMegahertz(value);
      case MEMORY_CLOCK_MAX_MEGAHERTZ -> message.setMemoryClockMaxMegahertz(value);
      case FAN_PERCENT -> message.setFanPercent(value);
    };
  }
}
