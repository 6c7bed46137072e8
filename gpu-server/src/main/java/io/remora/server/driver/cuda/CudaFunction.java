// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.Domain.ParameterDescription;
import java.util.List;

/**
 * A kernel of a loaded module.
 *
 * @param address the driver's handle
 * @param offsets where each parameter lies among the packed ones
 * @param parameterBytes size of the packed parameters
 */
record CudaFunction(long address, String name, int[] offsets, int parameterBytes) {
  static CudaFunction of(long address, String name, List<ParameterDescription> parameters) {
    int bytes = 0;
    int[] offsets = new int[parameters.size()];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] = parameters.get(i).offset();
      bytes = Math.max(bytes, offsets[i] + parameters.get(i).size());
    }
    return new CudaFunction(address, name, offsets, bytes);
  }
}
