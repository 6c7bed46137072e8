// SPDX-License-Identifier: Apache-2.0
/**
 * Writes what {@code remora trace} records as a file that Perfetto opens. Start reading at {@link
 * io.remora.cli.trace.TraceFile}.
 */
@NullMarked
package io.remora.cli.trace;

import org.jspecify.annotations.NullMarked;
