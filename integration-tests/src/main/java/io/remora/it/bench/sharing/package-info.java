// SPDX-License-Identifier: Apache-2.0
/**
 * {@code ./remora bench sharing}: whether shares of a device follow weights, what a tenant in a
 * hurry waits for, and what the queue costs; on a modelled device, in virtual time and in real
 * time, and on the software device through the whole server. Start reading at {@link
 * io.remora.it.bench.sharing.SharingCommand}.
 */
@NullMarked
package io.remora.it.bench.sharing;

import org.jspecify.annotations.NullMarked;
