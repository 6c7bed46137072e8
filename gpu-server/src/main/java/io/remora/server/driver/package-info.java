// SPDX-License-Identifier: Apache-2.0
/**
 * The CUDA driver API as Java interfaces: everything above this package is the same with and
 * without a GPU. Implementations live in subpackages ({@code software}; {@code cuda} for real
 * GPUs); nothing here or below knows tenants, sessions or the wire. Start reading at {@link
 * io.remora.server.driver.Driver}.
 */
@NullMarked
package io.remora.server.driver;

import org.jspecify.annotations.NullMarked;
