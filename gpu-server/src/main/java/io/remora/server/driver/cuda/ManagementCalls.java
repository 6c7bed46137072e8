// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

/**
 * The management library, as far as it tells figures. Every call answers 0 for success; handles of
 * devices are addresses.
 */
final class ManagementCalls {
  private ManagementCalls() {}

  static native int nvmlInit_v2();

  static native int nvmlShutdown();

  static native int nvmlDeviceGetHandleByUUID(byte[] uuid, long[] device);

  static native int nvmlDeviceGetTemperature(long device, int sensor, int[] celsius);

  static native int nvmlDeviceGetPowerUsage(long device, int[] milliwatts);

  static native int nvmlDeviceGetPowerManagementLimit(long device, int[] milliwatts);

  static native int nvmlDeviceGetEnforcedPowerLimit(long device, int[] milliwatts);

  /** Two numbers: percent of the GPU's time, and of its memory's. */
  static native int nvmlDeviceGetUtilizationRates(long device, int[] percent);

  static native int nvmlDeviceGetClockInfo(long device, int clock, int[] megahertz);

  static native int nvmlDeviceGetMaxClockInfo(long device, int clock, int[] megahertz);

  static native int nvmlDeviceGetFanSpeed(long device, int[] percent);
}
