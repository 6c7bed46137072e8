// SPDX-License-Identifier: Apache-2.0
/**
 * Decides which tenant's work a device gets next: weighted fair queueing over measured device time,
 * in classes, with bounds. It issues {@link io.remora.server.queue.Work} and hears of its end; what
 * the work is, who the tenant is and how a session came by it is known elsewhere. Start reading at
 * {@link io.remora.server.queue.DeviceQueue}.
 */
@NullMarked
package io.remora.server.queue;

import org.jspecify.annotations.NullMarked;
