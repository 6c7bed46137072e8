// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.remora.server.driver.DeviceFigure;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What GPUs say of themselves: on the null driver's management library. */
@Timeout(60)
class HardwareFiguresTest {
  private static final String FIRST = "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d000";
  private static final String UNKNOWN = "00112233445566778899aabbccddeeff";

  private final AtomicLong nanos = new AtomicLong();

  @BeforeEach
  @AfterEach
  void restart() {
    NullDriver.manage("restart");
  }

  private static List<Map<DeviceFigure, Integer>> readOnce(String library, boolean client) {
    try (ManagementLibrary opened =
        new ManagementLibrary(library, List.of(UNKNOWN, FIRST), client)) {
      return opened.read();
    }
  }

  private HardwareFigures figures() {
    ManagementLibrary library = new ManagementLibrary(NullDriver.MANAGEMENT, List.of(FIRST), false);
    return new HardwareFigures(library, nanos::get);
  }

  @Test
  void everyFigureIsTheOneOfItsOwnFunctionAndOfTheDeviceWithThatUuid() {
    List<String> names =
        List.of(
            "temperature",
            "power",
            "power_limit",
            "enforced_power_limit",
            "gpu",
            "memory",
            "graphics_clock",
            "sm_clock",
            "memory_clock",
            "graphics_clock_max",
            "sm_clock_max",
            "memory_clock_max",
            "fan");
    for (int i = 0; i < names.size(); i++) {
      NullDriver.manage("figure " + names.get(i) + " " + (40 + i));
    }

    List<Map<DeviceFigure, Integer>> read = readOnce(NullDriver.MANAGEMENT, false);

    assertThat(read.get(0)).as("a device that the library doesn't know").isEmpty();
    assertThat(read.get(1)).hasSize(DeviceFigure.values().length);
    for (DeviceFigure figure : DeviceFigure.values()) {
      assertThat(read.get(1)).as("the same order").containsEntry(figure, 40 + figure.ordinal());
    }
    assertThat(NullDriver.managementUsers()).isZero();
  }

  @Test
  void whatFailsIsAbsentAndZeroIsAFigure() {
    NullDriver.manage("figure temperature 0");
    NullDriver.manage("figure power 250000");
    NullDriver.manage("error power 999");
    NullDriver.manage("figure power_limit 4294967295");
    NullDriver.manage("figure gpu 17");
    assertThat(readOnce(NullDriver.MANAGEMENT, false).get(1))
        .as("utilisation is one function")
        .containsOnly(entry(DeviceFigure.TEMPERATURE_CELSIUS, 0));
  }

  @Test
  void remorasOwnLibraryIsNotAskedForUtilisation() {
    NullDriver.manage("figure gpu 17");
    NullDriver.manage("figure memory 3");
    assertThat(readOnce(NullDriver.MANAGEMENT, false).get(1)).hasSize(2);
    assertThat(readOnce(NullDriver.MANAGEMENT, true).get(1)).isEmpty();
  }

  @Test
  void withoutTheLibraryOrWhereItDoesntStartThereAreNoFigures() {
    assertThat(readOnce("/nowhere/libnvidia-ml.so.1", false)).containsOnly(Map.of());
    NullDriver.manage("figure temperature 41");
    NullDriver.manage("error init 18");
    assertThat(readOnce(NullDriver.MANAGEMENT, false)).containsOnly(Map.of());
    assertThat(NullDriver.managementUsers()).isZero();
  }

  @Test
  void askingWaitsForNothingAndOldFiguresAreNoFigures() {
    NullDriver.manage("figure temperature 41");
    try (HardwareFigures figures = figures()) {
      assertThat(figures.of(0)).as("asked for the first time").isEmpty();
      CudaBench.until(() -> !figures.of(0).isEmpty());

      NullDriver.manage("figure temperature 42");
      assertThat(figures.of(0)).as("asked again too soon").containsValue(41);
      nanos.addAndGet(HardwareFigures.AGAIN_NANOS);
      CudaBench.until(() -> figures.of(0).containsValue(42));

      NullDriver.manage("hold");
      nanos.addAndGet(HardwareFigures.OLD_NANOS - 1);
      assertThat(figures.of(0)).as("the library doesn't come back").containsValue(42);
      nanos.incrementAndGet();
      assertThat(figures.of(0)).as("and what it said is old").isEmpty();
      NullDriver.manage("release");
      nanos.addAndGet(HardwareFigures.AGAIN_NANOS);
      CudaBench.until(() -> figures.of(0).containsValue(42));
    }
    CudaBench.until(() -> NullDriver.managementUsers() == 0);
  }

  @Test
  void theDriverTellsItsDevicesFigures() {
    NullDriver.manage("figure temperature 41");
    try (CudaDriver driver = NullDriver.open()) {
      CudaBench.until(() -> driver.figures(0).equals(Map.of(DeviceFigure.TEMPERATURE_CELSIUS, 41)));
    }
  }
}
