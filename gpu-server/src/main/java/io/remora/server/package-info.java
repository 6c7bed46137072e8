// SPDX-License-Identifier: Apache-2.0
/**
 * Start-up and the edge of the server: the only place that speaks gRPC. It lets clients in, hands
 * their frames to sessions and sends back what sessions say; what a call means is none of its
 * business.
 *
 * <p>Start reading at {@link io.remora.server.RemoraServer}, then {@link
 * io.remora.server.SessionStream}.
 */
@NullMarked
package io.remora.server;

import org.jspecify.annotations.NullMarked;
