// SPDX-License-Identifier: Apache-2.0
/**
 * The parts of {@code remora run} and {@code remora stats}: where the C client lies, the server
 * that runs for one command, what the launcher's shell is told, and the C client's counters.
 *
 * <p>The launcher's shell becomes the user's command; what is here has ended by then. Start reading
 * at {@link io.remora.cli.run.LaunchScript}.
 */
@NullMarked
package io.remora.cli.run;

import org.jspecify.annotations.NullMarked;
