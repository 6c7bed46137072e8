// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import io.remora.server.driver.DeviceFigure;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * NVML, which the driver brings beside the CUDA library: what the GPUs say of their temperature,
 * power and clocks. It may be missing, and each of its functions may fail on a device that has no
 * such sensor; neither is an error. Belongs to one thread, which its calls may hold up for seconds
 * when a GPU is ill.
 */
final class ManagementLibrary implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ManagementLibrary.class);

  static final String NAME = "libnvidia-ml.so.1";

  private static final int SUCCESS = 0;

  /** The only sensor that the library has. */
  private static final int SENSOR_GPU = 0;

  private static final int CLOCK_GRAPHICS = 0;
  private static final int CLOCK_SM = 1;
  private static final int CLOCK_MEMORY = 2;

  private final String name;
  private final List<String> uuids;
  private final boolean client;

  /** By ordinal, 0 for a device that the library doesn't have; null before it was opened. */
  private long @Nullable [] handles;

  private boolean initialised;

  /**
   * Opens nothing yet.
   *
   * @param name for the system's loader, or a path
   * @param uuids of the driver's devices, by ordinal, 32 hexadecimal digits each: the library
   *     numbers devices in an order of its own, and has those that CUDA was told to leave out
   * @param client whether it is Remora's own, with another server behind it
   */
  ManagementLibrary(String name, List<String> uuids, boolean client) {
    this.name = name;
    this.uuids = List.copyOf(uuids);
    this.client = client;
  }

  /** What each device says now, by ordinal; what it doesn't say isn't there. */
  List<Map<DeviceFigure, Integer>> read() {
    long[] opened = handles;
    if (opened == null) {
      opened = open();
      handles = opened;
    }
    return Arrays.stream(opened).mapToObj(this::read).toList();
  }

  private long[] open() {
    long[] found = new long[uuids.size()];
    String missing = bind();
    if (!missing.isEmpty()) {
      log.info("no temperature, power and clocks of GPUs: {}", missing);
      return found;
    }
    int count = 0;
    for (int ordinal = 0; ordinal < found.length; ordinal++) {
      found[ordinal] = handle(uuids.get(ordinal));
      count += found[ordinal] == 0 ? 0 : 1;
    }
    log.info("{} tells temperature, power and clocks of {} of {} GPUs", NAME, count, found.length);
    return found;
  }

  /** Loads the library and begins with it; says what is in the way, or nothing. */
  private String bind() {
    try {
      Native.register(ManagementCalls.class, NativeLibrary.getInstance(name));
    } catch (UnsatisfiedLinkError e) {
      return "there is no " + NAME + ", or an old one (" + CudaLibrary.firstLine(e) + ")";
    }
    int result = ManagementCalls.nvmlInit_v2();
    initialised = result == SUCCESS;
    return initialised ? "" : "nvmlInit answers error " + result + "; look at nvidia-smi";
  }

  private static long handle(String uuid) {
    long[] handle = new long[1];
    int result = ManagementCalls.nvmlDeviceGetHandleByUUID(Cuda.bytes(text(uuid)), handle);
    return result == SUCCESS ? handle[0] : 0;
  }

  /** The UUID as the library writes it. */
  static String text(String uuid) {
    return "GPU-"
        + String.join(
            "-",
            uuid.substring(0, 8),
            uuid.substring(8, 12),
            uuid.substring(12, 16),
            uuid.substring(16, 20),
            uuid.substring(20));
  }

  private Map<DeviceFigure, Integer> read(long device) {
    Map<DeviceFigure, Integer> figures = new EnumMap<>(DeviceFigure.class);
    if (device != 0) {
      readSensors(device, figures);
      readClocks(device, figures);
      readUse(device, figures);
    }
    return Map.copyOf(figures);
  }

  private static void readSensors(long device, Map<DeviceFigure, Integer> figures) {
    int[] value = new int[1];
    int result = ManagementCalls.nvmlDeviceGetTemperature(device, SENSOR_GPU, value);
    put(figures, DeviceFigure.TEMPERATURE_CELSIUS, result, value[0]);
    result = ManagementCalls.nvmlDeviceGetPowerUsage(device, value);
    put(figures, DeviceFigure.POWER_MILLIWATTS, result, value[0]);
    result = ManagementCalls.nvmlDeviceGetPowerManagementLimit(device, value);
    put(figures, DeviceFigure.POWER_LIMIT_MILLIWATTS, result, value[0]);
    result = ManagementCalls.nvmlDeviceGetEnforcedPowerLimit(device, value);
    put(figures, DeviceFigure.ENFORCED_POWER_LIMIT_MILLIWATTS, result, value[0]);
    result = ManagementCalls.nvmlDeviceGetFanSpeed(device, value);
    put(figures, DeviceFigure.FAN_PERCENT, result, value[0]);
  }

  private static void readClocks(long device, Map<DeviceFigure, Integer> figures) {
    clock(device, CLOCK_GRAPHICS, DeviceFigure.GRAPHICS_CLOCK_MEGAHERTZ, figures);
    clock(device, CLOCK_SM, DeviceFigure.SM_CLOCK_MEGAHERTZ, figures);
    clock(device, CLOCK_MEMORY, DeviceFigure.MEMORY_CLOCK_MEGAHERTZ, figures);
    clockMax(device, CLOCK_GRAPHICS, DeviceFigure.GRAPHICS_CLOCK_MAX_MEGAHERTZ, figures);
    clockMax(device, CLOCK_SM, DeviceFigure.SM_CLOCK_MAX_MEGAHERTZ, figures);
    clockMax(device, CLOCK_MEMORY, DeviceFigure.MEMORY_CLOCK_MAX_MEGAHERTZ, figures);
  }

  private static void clock(
      long device, int clock, DeviceFigure figure, Map<DeviceFigure, Integer> figures) {
    int[] value = new int[1];
    put(figures, figure, ManagementCalls.nvmlDeviceGetClockInfo(device, clock, value), value[0]);
  }

  private static void clockMax(
      long device, int clock, DeviceFigure figure, Map<DeviceFigure, Integer> figures) {
    int[] value = new int[1];
    put(figures, figure, ManagementCalls.nvmlDeviceGetMaxClockInfo(device, clock, value), value[0]);
  }

  private void readUse(long device, Map<DeviceFigure, Integer> figures) {
    // Remora's own answers 0 for the memory of a device that can't tell.
    if (client) {
      return;
    }
    int[] percent = new int[2];
    int result = ManagementCalls.nvmlDeviceGetUtilizationRates(device, percent);
    put(figures, DeviceFigure.GPU_PERCENT, result, percent[0]);
    put(figures, DeviceFigure.MEMORY_PERCENT, result, percent[1]);
  }

  private static void put(
      Map<DeviceFigure, Integer> figures, DeviceFigure figure, int result, int value) {
    // All ones is the library's word for a value that it doesn't have.
    if (result == SUCCESS && value >= 0) {
      figures.put(figure, value);
    }
  }

  @Override
  public void close() {
    if (initialised) {
      initialised = false;
      handles = new long[uuids.size()];
      int unused = ManagementCalls.nvmlShutdown();
    }
  }
}
