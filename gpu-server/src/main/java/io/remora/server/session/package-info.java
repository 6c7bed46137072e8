// SPDX-License-Identifier: Apache-2.0
/**
 * All that one client process owns on one server: handles, memory, streams, events, modules,
 * errors. The only place that knows both the tenant and the objects; it virtualises what CUDA
 * scopes to a context and frees everything when the client is gone. Knows neither gRPC nor how work
 * is executed. Start reading at {@link io.remora.server.session.Session}.
 */
@NullMarked
package io.remora.server.session;

import org.jspecify.annotations.NullMarked;
