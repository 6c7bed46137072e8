// SPDX-License-Identifier: Apache-2.0
package io.remora.command;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On a {@link RemoraCommand} that belongs under a command of another module. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Subcommand {
  /** The name of the command that it belongs under. */
  String of();
}
