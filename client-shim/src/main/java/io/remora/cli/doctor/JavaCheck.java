// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.doctor;

import java.util.List;

/** The JVM that runs the client. */
public final class JavaCheck implements Check {
  private static final int FEATURE_MIN = 17;

  private final Runtime.Version version;

  /** Looks at a version; a running program's is {@link Runtime#version()}. */
  public JavaCheck(Runtime.Version version) {
    this.version = version;
  }

  @Override
  public List<Finding> look() {
    String text =
        version.feature()
            + " ("
            + System.getProperty("java.vendor")
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
            + ")";
    return List.of(
        version.feature() >= FEATURE_MIN
            ? Finding.good("Java", text)
            : Finding.bad("Java", text, "Install a JDK of version " + FEATURE_MIN + " or newer."));
  }
}
