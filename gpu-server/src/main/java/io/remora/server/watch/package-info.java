// SPDX-License-Identifier: Apache-2.0
/**
 * Sees what the server does: who is there, what they did in the last second, who used the devices
 * in the last minutes, and what sessions do while they are traced. It reads what sessions and
 * queues count and changes nothing. The admin service, the page and the metrics all show what is
 * found out here. Start reading at {@link io.remora.server.watch.Watch}.
 */
@NullMarked
package io.remora.server.watch;

import org.jspecify.annotations.NullMarked;
