// SPDX-License-Identifier: Apache-2.0
/**
 * What a session counts while it works, and what it records while somebody traces it. It knows
 * nothing of sessions, queues and the network: they write here, and whoever watches the server
 * reads. Writing costs next to nothing, because most figures are taken from what the session knows
 * anyway. Start reading at {@link io.remora.server.metrics.SessionMeter}.
 */
@NullMarked
package io.remora.server.metrics;

import org.jspecify.annotations.NullMarked;
