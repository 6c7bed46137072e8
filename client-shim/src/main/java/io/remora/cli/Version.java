// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the build has written into the jar's manifest. */
final class Version implements IVersionProvider {
  /** Answers the version, or "unpackaged" when the classes come from a folder. */
  static String text() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "remora " + text(),
      "Java "
          + Runtime.version()
          + ", "
          + System.getProperty("os.name")
          + " "
          + System.getProperty("os.arch")
    };
  }
}
