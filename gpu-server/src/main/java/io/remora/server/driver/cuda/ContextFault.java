// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
    // What kernels run is to be asked before anybody ends.
    Map<CudaDomain, String> details = new LinkedHashMap<>();
    for (CudaDomain suspect : suspects) {
      details.put(suspect, guilty(suspect, suspects.size()));
    }
    // The others first: a client that has heard of the fault finds every session prepared for it.
    for (CudaDomain domain : domains) {
      if (!details.containsKey(domain)) {
        domain.lose(
            "a kernel of another session ended the context of "
                + device
                + " ("
                + Cuda.name(result)
                + ")");
      }
    }
    details.forEach((suspect, detail) -> suspect.fail(result, detail));
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
