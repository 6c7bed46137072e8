// SPDX-License-Identifier: Apache-2.0
package io.remora.it.remote;

import jcuda.driver.CUdeviceptr;

/**
 * JCuda's device pointer as a number and back: JCuda itself shows the number to subclasses only.
 */
final class DeviceAddress extends CUdeviceptr {
  /** To be filled by a call. */
  DeviceAddress() {}

  /** A known address. */
  DeviceAddress(long address) {
    super(new CUdeviceptr(), address);
  }

  long value() {
    return getNativePointer() + getByteOffset();
  }
}
