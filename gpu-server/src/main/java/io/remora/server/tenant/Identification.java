// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

/** Whose token a client has sent. */
public sealed interface Identification permits Identification.Known, Refused {
  /**
   * A tenant's, and it is in force.
   *
   * @param tokenId see {@link Token#id}
   */
  record Known(Tenant tenant, String tokenId) implements Identification {}
}
