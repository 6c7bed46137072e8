// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Domain;
import io.remora.server.driver.Driver;
import io.remora.server.driver.FaultListener;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A driver whose work is done when the test says so; see {@link ManualDomain}. */
final class ManualDriver implements Driver {
  static final long MEMORY_BYTES = 1L << 32;

  final List<ManualDomain> domains = new ArrayList<>();
  private final int deviceCount;

  ManualDriver(int deviceCount) {
    this.deviceCount = deviceCount;
  }

  @Override
  public String kind() {
    return "manual";
  }

  @Override
  public int driverVersion() {
    return 13000;
  }

  @Override
  public List<DeviceDescription> devices() {
    List<DeviceDescription> devices = new ArrayList<>();
    for (int i = 0; i < deviceCount; i++) {
      devices.add(
          new DeviceDescription(
              i,
              "manual " + i,
              "000102030405060708090a0b0c0d0e0" + i,
              MEMORY_BYTES,
              Map.of(1, 1024, 2, 1024, 3, 1024, 4, 64, 5, 1 << 30, 6, 65535, 7, 65535, 97, 65536),
              "0000:0" + i + ":00.0",
              0,
              -2,
              Map.of(0, 1024L, 1, 1L << 20, 2, ManualDomain.HEAP_BYTES)));
    }
    return devices;
  }

  @Override
  public Domain open(
      int device,
      long slabBytes,
      TakenAddresses taken,
      FaultListener faults,
      PrintListener prints) {
    ManualDomain domain =
        new ManualDomain(0x10_0000_0000_0000L * (domains.size() + 1), slabBytes, faults, prints);
    domains.add(domain);
    return domain;
  }

  @Override
  public void close() {}
}
