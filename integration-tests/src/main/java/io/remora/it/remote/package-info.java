// SPDX-License-Identifier: Apache-2.0
/**
 * The device programs' view of a device, carried out by a server through the Java client. Nothing
 * here knows how the server came to be.
 *
 * <p>Start reading at {@link io.remora.it.remote.RemoteGpu}.
 */
@NullMarked
package io.remora.it.remote;

import org.jspecify.annotations.NullMarked;
