// SPDX-License-Identifier: Apache-2.0
package io.remora.command;

import java.util.List;

/**
 * What a module knows of this machine that {@code remora doctor} shows, whichever server it talks
 * to. Found by {@link java.util.ServiceLoader}, as {@link RemoraCommand} is.
 */
@FunctionalInterface
public interface MachineReport {
  /** Looks, within a few seconds, and throws nothing. */
  List<Line> look();

  /**
   * One line of the report.
   *
   * @param subject what it is about, one or two words
   * @param text what was found
   */
  record Line(String subject, String text) {}
}
