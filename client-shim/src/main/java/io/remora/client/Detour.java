// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

/** Why a copy between two servers goes through the client. */
public enum Detour {
  /** It is too small to be worth anything else. */
  SMALL,
  /** The source's server belongs to no pool. */
  NO_POOL,
  /** A server is too old to know of another way. */
  OLDER,
  /** The target's server doesn't reach the source's. */
  UNREACHABLE,
  /** The source's server has refused the ticket. */
  REFUSED,
  /** It has broken off. */
  BROKEN_OFF,
  /** There are too many such copies at once. */
  BUSY
}
