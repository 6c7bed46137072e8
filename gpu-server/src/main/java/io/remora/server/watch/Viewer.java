// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.tenant.Tenant;
import java.util.Set;

/**
 * Who looks at the server, and so what may be seen.
 *
 * @param tenant the tenant that asks; empty for whoever sits at the machine of an open page
 * @param operator whether everything may be seen and changed
 * @param devices the devices that the tenant may use; empty: all
 */
public record Viewer(String tenant, boolean operator, Set<Integer> devices) {
  /** Someone who may see everything without being named. */
  public static final Viewer OPEN = new Viewer("", true, Set.of());

  /**
   * A tenant that has shown its token.
   *
   * @param operators the tenants that are operators
   */
  public static Viewer of(Tenant tenant, Set<String> operators) {
    return new Viewer(tenant.name(), operators.contains(tenant.name()), tenant.devices());
  }

  /** Whether a tenant and its sessions may be seen, and its sessions ended. */
  public boolean knows(String name) {
    return operator || tenant.equals(name);
  }

  /** Whether a device may be seen. */
  public boolean sees(int device) {
    return operator || devices.isEmpty() || devices.contains(device);
  }
}
