// SPDX-License-Identifier: Apache-2.0
/**
 * The software device: {@link io.remora.server.driver.Driver} over the PTX engine {@code
 * io.remora.ptx}. What lives here is what a GPU and its driver do around kernels: device
 * attributes, streams, events, memory accounting, module images, faults. Nothing here knows
 * tenants, sessions or the wire. Start reading at {@link
 * io.remora.server.driver.software.SoftwareDriver}.
 */
@NullMarked
package io.remora.server.driver.software;

import org.jspecify.annotations.NullMarked;
