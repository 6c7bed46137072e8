// SPDX-License-Identifier: Apache-2.0
/**
 * What {@code remora top} shows: tables of a server's devices, tenants and sessions that fit a
 * terminal, and the terminal itself. Start reading at {@link io.remora.cli.top.TopView}.
 */
@NullMarked
package io.remora.cli.top;

import org.jspecify.annotations.NullMarked;
