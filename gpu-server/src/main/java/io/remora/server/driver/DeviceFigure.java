// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

/** What the hardware of a device can say of itself. No figure is negative. */
public enum DeviceFigure {
  /** Temperature of the GPU's die. */
  TEMPERATURE_CELSIUS,

  /** What the card draws now. */
  POWER_MILLIWATTS,

  /** What it may draw by its administrator's word. */
  POWER_LIMIT_MILLIWATTS,

  /** What it may draw by all that limits it now. */
  ENFORCED_POWER_LIMIT_MILLIWATTS,

  /** Part of the last sample in which a kernel ran, 0 to 100. */
  GPU_PERCENT,

  /** Part of the last sample in which memory was read or written, 0 to 100. */
  MEMORY_PERCENT,

  /** Clock of the graphics engine now. */
  GRAPHICS_CLOCK_MEGAHERTZ,

  /** Clock of the multiprocessors now. */
  SM_CLOCK_MEGAHERTZ,

  /** Clock of the memory now. */
  MEMORY_CLOCK_MEGAHERTZ,

  /** The fastest clock of the graphics engine. */
  GRAPHICS_CLOCK_MAX_MEGAHERTZ,

  /** The fastest clock of the multiprocessors. */
  SM_CLOCK_MAX_MEGAHERTZ,

  /** The fastest clock of the memory. */
  MEMORY_CLOCK_MAX_MEGAHERTZ,

  /** Speed that the fan is meant to have, of its own maximum; can be more than 100. */
  FAN_PERCENT
}
