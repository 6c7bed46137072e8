// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * How urgent a tenant's work is. A more urgent class goes first, but every class keeps {@link
 * QueueConfig}'s minimum share.
 */
public enum LaneClass {
  /** Few and short kernels that somebody waits for. */
  LATENCY,
  /** The default. */
  NORMAL,
  /** Takes what the others leave. */
  BATCH
}
