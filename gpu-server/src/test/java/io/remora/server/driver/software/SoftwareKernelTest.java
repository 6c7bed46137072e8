// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.Driver;
import io.remora.server.driver.KernelContractTest;

final class SoftwareKernelTest extends KernelContractTest {
  @Override
  protected Driver openDriver() {
    return new SoftwareDriver(new SoftwareDeviceConfig(1, 96 << 20, 2, 121, "test host"));
  }
}
