// SPDX-License-Identifier: Apache-2.0
package io.remora.deploy;

import com.google.cloud.tools.jib.api.InvalidImageReferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** The last step of {@code deploy/images}: from folders to image files. */
public final class Main {
  private Main() {}

  /**
   * Writes both images and prints a line for each.
   *
   * @param arguments version; a folder with the roots {@code server} and {@code client}; the folder
   *     for the files
   */
  public static void main(String[] arguments)
      throws IOException, InterruptedException, ExecutionException, InvalidImageReferenceException {
    if (arguments.length != 3) {
      System.err.println("usage: VERSION ROOTS OUT; ./remora images calls this as it must be");
      System.exit(2);
    }
    String version = arguments[0];
    Path roots = Path.of(arguments[1]);
    for (ImagePlan plan : List.of(ImagePlan.SERVER, ImagePlan.CLIENT)) {
      Path file = Path.of(arguments[2], "remora-" + plan.name() + "-image.tar");
      new ImageFile(plan, roots.resolve(plan.name())).write(version, roots.resolve("cache"), file);
      System.out.printf(
          "%s (%d MB): docker load -i it, or podman load -i; it is remora/%s:%s%n",
          file, Files.size(file) / 1_000_000, plan.name(), version);
    }
    System.exit(0);
  }
}
