// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.doctor;

import java.util.List;

/** One step of the way from this program to a device. */
@FunctionalInterface
public interface Check {
  /** Looks, within a bounded time. Answers at least one finding and throws nothing. */
  List<Finding> look();
}
