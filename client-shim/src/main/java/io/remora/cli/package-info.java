// SPDX-License-Identifier: Apache-2.0
/**
 * The {@code remora} command line: how commands are found and run, how failures become one line and
 * an exit status, and the commands of a user of GPUs ({@code devices}, {@code doctor}). What the
 * commands know of servers they know through {@code io.remora.client}; nothing knows this package.
 *
 * <p>Start reading at {@link io.remora.cli.Main}.
 */
@NullMarked
package io.remora.cli;

import org.jspecify.annotations.NullMarked;
