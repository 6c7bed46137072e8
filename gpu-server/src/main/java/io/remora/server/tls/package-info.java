// SPDX-License-Identifier: Apache-2.0
/**
 * The server's certificates: reading them, noticing when they change, and making a pair for a
 * server that only its own machine can reach. Nothing here knows gRPC, tenants' rights or sessions.
 *
 * <p>Start reading at {@link io.remora.server.tls.ServerTls}.
 */
@NullMarked
package io.remora.server.tls;

import org.jspecify.annotations.NullMarked;
