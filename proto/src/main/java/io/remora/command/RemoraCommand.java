// SPDX-License-Identifier: Apache-2.0
package io.remora.command;

import java.util.concurrent.Callable;

/**
 * A subcommand of the {@code remora} command line.
 *
 * <p>An implementation is a public class with a public constructor without parameters and picocli's
 * {@code @Command(name = ..., description = ...)}; its options and parameters are annotated fields.
 * It is found by {@link java.util.ServiceLoader}: its module names it in {@code
 * META-INF/services/io.remora.command.RemoraCommand}. The constructor does no work, because every
 * command is constructed to print the list of commands.
 *
 * <p>{@link #call()} answers the exit status: {@link #OK}, {@link #FAILURE} or {@link #USAGE}. An
 * exception that it throws is printed as one line, so its message has to say what happened and what
 * to do about it; the stack trace appears with {@code --debug} only. An {@link
 * IllegalArgumentException} says that the caller asked for something impossible (an unknown key in
 * a file, a wrong value) and exits with {@link #USAGE}.
 */
public interface RemoraCommand extends Callable<Integer> {
  /** The command did what it was asked to do. */
  int OK = 0;

  /** The command could not do it, or what it checked is not in order. */
  int FAILURE = 1;

  /** The command line or a configuration file is wrong; nothing was done. */
  int USAGE = 2;
}
