// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import jcuda.driver.CUstream;

/** The driver's stream, for JCuda as an object and for JNA as a number. */
final class StreamHandle extends CUstream {
  long address() {
    return getNativePointer();
  }
}
