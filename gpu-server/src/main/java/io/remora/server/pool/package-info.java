// SPDX-License-Identifier: Apache-2.0
/**
 * Servers that stand together: what an operator says of them, what they know of each other, and
 * which of them gets a session. Nothing here opens a socket or reads a clock: who decides is told
 * what time it is and asks other members by {@link io.remora.server.pool.Neighbours}, so that the
 * same code runs in a simulation.
 *
 * <p>A member promises its own devices only ({@link io.remora.server.pool.Promises}), whoever has
 * placed the session; therefore no share is promised twice, whatever the others believe of it.
 *
 * <p>Start reading at {@link io.remora.server.pool.Placer}.
 */
@NullMarked
package io.remora.server.pool;

import org.jspecify.annotations.NullMarked;
