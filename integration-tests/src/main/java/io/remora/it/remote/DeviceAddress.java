// SPDX-License-Identifier: Apache-2.0
package io.remora.it.remote;

import jcuda.driver.CUdeviceptr;

/**
 * JCuda's device pointer as a number and back: JCuda itself shows the number to subclasses only.
 */
public final class DeviceAddress extends CUdeviceptr {
  /** To be filled by a call. */
  public DeviceAddress() {}

  /** A known address. */
  public DeviceAddress(long address) {
    super(new CUdeviceptr(), address);
  }

  /** Where a pointer that a call has made points to. */
  public DeviceAddress(CUdeviceptr pointer) {
    super(pointer, 0);
  }

  /** The number. */
  public long value() {
    return getNativePointer() + getByteOffset();
  }
}
