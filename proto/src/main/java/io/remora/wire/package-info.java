// SPDX-License-Identifier: Apache-2.0
/**
 * The bytes of {@code remora.v1.Driver/Open}: frames as they come from and go to gRPC without a
 * whole-message copy, and a direct reader and writer of the protobuf wire format for generated
 * codecs. Both ends of the stream use it. It knows nothing of calls, sessions or tenants.
 *
 * <p>Start reading at {@link DriverMethods}, then {@link InboundFrame} and {@link OutboundFrame}.
 */
@NullMarked
package io.remora.wire;

import org.jspecify.annotations.NullMarked;
