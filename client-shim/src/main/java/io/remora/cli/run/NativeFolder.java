// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.run;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import org.jspecify.annotations.Nullable;

/**
 * The folder with {@code libcuda.so.1} and what belongs to it.
 *
 * @param path the folder
 */
public record NativeFolder(Path path) {
  /** The environment variable that names the folder. */
  public static final String VARIABLE = "REMORA_LIBRARY_DIR";

  private static final String LIBRARY = "libcuda.so.1";
  private static final String ATTENDANT = "remora-attend";

  /** Below a folder above the jar: of a module, of a checkout. */
  private static final String[] PLACES = {"native", "client-shim/target/native"};

  private static final int LEVELS_MAX = 5;

  /**
   * Finds the folder.
   *
   * @param given what {@link #VARIABLE} says; null if it says nothing
   * @throws IllegalArgumentException if the library isn't there
   */
  public static NativeFolder find(@Nullable String given) {
    if (given != null) {
      Path folder = Path.of(given).toAbsolutePath();
      if (!Files.isReadable(folder.resolve(LIBRARY))) {
        throw new IllegalArgumentException(VARIABLE + ": there is no " + LIBRARY + " in " + folder);
      }
      return new NativeFolder(folder);
    }
    Path folder = ownPlace();
    for (int level = 0; folder != null && level < LEVELS_MAX; level++) {
      for (String place : PLACES) {
        if (Files.isReadable(folder.resolve(place).resolve(LIBRARY))) {
          return new NativeFolder(folder.resolve(place));
        }
      }
      folder = folder.getParent();
    }
    throw new IllegalArgumentException(
        "there is no " + LIBRARY + " beside " + ownPlace() + ": name its folder in " + VARIABLE);
  }

  /** The program that stays beside a command whose counters are asked for. */
  Path attendant() {
    return path.resolve(ATTENDANT);
  }

  private static @Nullable Path ownPlace() {
    CodeSource source = NativeFolder.class.getProtectionDomain().getCodeSource();
    URL place = source == null ? null : source.getLocation();
    try {
      return place == null ? null : Path.of(place.toURI()).toAbsolutePath();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the class path has no file: " + place, e);
    }
  }
}
