// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import java.util.Collection;
import java.util.List;

/**
 * Tells the domains of a context that it has ended. The hardware doesn't say whose kernel it was,
 * so the guilty one is sure only where no other domain had kernels on the device.
 */
record ContextFault(String device, int result) {

  void tell(Collection<CudaDomain> domains, CudaDomain seenBy) {
    List<CudaDomain> suspects = domains.stream().filter(CudaDomain::hasKernels).toList();
    if (suspects.isEmpty()) {
      suspects = List.of(seenBy);
    }
    for (CudaDomain domain : domains) {
      if (suspects.contains(domain)) {
        domain.fail(result, guilty(domain, suspects.size()));
      } else {
        domain.lose(
            "a kernel of another session ended the context of "
                + device
                + " ("
                + Cuda.name(result)
                + ")");
      }
    }
  }

  private String guilty(CudaDomain domain, int suspects) {
    String kernels = domain.runningKernels();
    return device
        + ": "
        + Cuda.name(result)
        + (kernels.isEmpty() ? "" : " in kernel " + kernels)
        + (suspects == 1 ? "" : ", or in one of " + (suspects - 1) + " other sessions that ran");
  }
}
