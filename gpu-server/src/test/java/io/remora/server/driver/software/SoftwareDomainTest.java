// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.DomainContractTest;
import io.remora.server.driver.Driver;

final class SoftwareDomainTest extends DomainContractTest {
  @Override
  protected Driver openDriver() {
    return new SoftwareDriver(new SoftwareDeviceConfig(1, 96 << 20, 2, 121, "test host"));
  }
}
