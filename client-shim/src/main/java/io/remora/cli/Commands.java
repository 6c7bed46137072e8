// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.command.RemoraCommand;
import io.remora.command.Subcommand;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** The subcommands that are on the class path, in the order in which people meet them. */
record Commands(
    List<Class<? extends RemoraCommand>> types, List<Class<? extends RemoraCommand>> under) {
  private static final List<String> ORDER =
      List.of(
          "run", "demo", "devices", "doctor", "server", "tenant", "top", "session", "device",
          "pool", "trace", "stats", "bench");

  Commands {
    types = types.stream().sorted(Comparator.comparingInt(Commands::position)).toList();
    under = List.copyOf(under);
  }

  /** Commands of which each is either one by itself or belongs under another one. */
  Commands(List<Class<? extends RemoraCommand>> all) {
    this(
        all.stream().filter(type -> parent(type) == null).toList(),
        all.stream().filter(type -> parent(type) != null).toList());
  }

  private static @Nullable String parent(Class<? extends RemoraCommand> type) {
    Subcommand subcommand = type.getAnnotation(Subcommand.class);
    return subcommand == null ? null : subcommand.of();
  }

  /** The commands of other modules that belong under one. */
  List<Class<? extends RemoraCommand>> under(Class<? extends RemoraCommand> type) {
    return under.stream().filter(each -> name(type).equals(parent(each))).toList();
  }

  /** Finds the commands of all modules without constructing one. */
  static Commands installed() {
    return new Commands(
        ServiceLoader.load(RemoraCommand.class).stream()
            .<Class<? extends RemoraCommand>>map(ServiceLoader.Provider::type)
            .toList());
  }

  /** Answers the only command with this name, or all of them if none has it. */
  Commands named(String name) {
    List<Class<? extends RemoraCommand>> named =
        types.stream().filter(type -> name(type).equals(name)).toList();
    return named.isEmpty() ? this : new Commands(named, under);
  }

  static String name(Class<? extends RemoraCommand> type) {
    Command command = type.getAnnotation(Command.class);
    if (command == null) {
      throw new IllegalStateException(type.getName() + " has no @Command annotation");
    }
    return command.name();
  }

  private static int position(Class<? extends RemoraCommand> type) {
    int position = ORDER.indexOf(name(type));
    return position < 0 ? ORDER.size() : position;
  }
}
