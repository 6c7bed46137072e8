// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Objects;

/**
 * An earlier version of Remora, built in a folder of its own, which tests of upgrades need.
 *
 * @param checkout its repository's folder
 */
public record PreviousVersion(Path checkout) {
  /** Classes of this version's server and clients. */
  public static final String THIS = System.getProperty("java.class.path");

  private static final String PROPERTY = "remora.previous";

  /** The one that whoever runs the tests names; ends the test as skipped if nobody does. */
  public static PreviousVersion given() {
    String checkout = System.getProperty(PROPERTY, "");
    assumeTrue(
        !checkout.isEmpty(),
        "skipped: no previous version; -D" + PROPERTY + "=FOLDER names one that is built");
    return new PreviousVersion(Path.of(checkout));
  }

  /** Classes of its server and of its clients. */
  public String classPath() {
    return required("integration-tests/target/remora.jar").toString();
  }

  /** The folder of its {@code libcuda.so.1}. */
  public Path library() {
    return Objects.requireNonNull(required("client-shim/target/native/libcuda.so.1").getParent());
  }

  private Path required(String name) {
    Path file = checkout.resolve(name).toAbsolutePath();
    if (!file.toFile().isFile()) {
      throw new IllegalStateException(
          "there is no " + file + "; build that version there with ./remora --help");
    }
    return file;
  }
}
