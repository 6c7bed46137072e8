// SPDX-License-Identifier: Apache-2.0
/**
 * How a module adds a subcommand to the {@code remora} command line. Nothing but this interface
 * lives here: the commands themselves lie in the modules whose work they start, and the command
 * line that runs them is in the client module.
 *
 * <p>Start reading at {@link io.remora.command.RemoraCommand}.
 */
@NullMarked
package io.remora.command;

import org.jspecify.annotations.NullMarked;
