// SPDX-License-Identifier: Apache-2.0
/**
 * The subcommands of {@code remora} for whoever runs a server. They read options, print results and
 * leave the work to {@code io.remora.server} and its packages.
 *
 * <p>Start reading at {@link io.remora.server.command.ServerCommand}.
 */
@NullMarked
package io.remora.server.command;

import org.jspecify.annotations.NullMarked;
