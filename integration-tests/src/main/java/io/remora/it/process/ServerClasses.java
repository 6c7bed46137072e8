// SPDX-License-Identifier: Apache-2.0
package io.remora.it.process;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The classes of {@code remora server} as the JVM loads them fastest: an archive of them
 * (application class-data sharing), made by a first server and used by all others, takes half of
 * what a start costs. It lies beside the server's jar; where the server's classes are in a folder,
 * there is none.
 *
 * @param path the class path
 * @param archive made already; empty if there can't be one
 */
record ServerClasses(String path, Optional<Path> archive) {
  static final String MAIN = "io.remora.cli.Main";

  private static final Duration START_TIME_MAX = Duration.ofSeconds(60);
  private static final String SERVER_JAR = "remora-server-";

  /** Those of the running JVM's class path. */
  static ServerClasses ofThisProcess() {
    String own = System.getProperty("java.class.path");
    // An archive can't be made of folders, and the server's classes are in none of them.
    List<Path> jars =
        Stream.of(own.split(File.pathSeparator))
            .filter(entry -> entry.endsWith(".jar"))
            .map(Path::of)
            .toList();
    Optional<Path> server =
        jars.stream()
            .filter(jar -> jar.getFileName().toString().startsWith(SERVER_JAR))
            .findFirst();
    if (server.isEmpty()) {
      return new ServerClasses(own, Optional.empty());
    }
    String path = String.join(File.pathSeparator, jars.stream().map(Path::toString).toList());
    Path archive = server.get().resolveSibling("server-classes.jsa");
    try {
      makeOnce(path, jars, archive);
    } catch (IOException e) {
      throw new UncheckedIOException("can't make " + archive, e);
    }
    return new ServerClasses(path, Optional.of(archive));
  }

  /** Flags before the class path. */
  List<String> flags() {
    return archive.map(file -> List.of("-XX:SharedArchiveFile=" + file)).orElse(List.of());
  }

  private static void makeOnce(String path, List<Path> jars, Path archive) throws IOException {
    // Threads of one process can't have a file lock each.
    synchronized (ServerClasses.class) {
      try (FileChannel lock =
              FileChannel.open(
                  archive.resolveSibling("server-classes.lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          var held = lock.lock()) {
        if (held.isValid() && !isNewest(archive, jars)) {
          make(path, archive);
        }
      }
    }
  }

  private static boolean isNewest(Path archive, List<Path> jars) throws IOException {
    if (!Files.exists(archive)) {
      return false;
    }
    FileTime made = Files.getLastModifiedTime(archive);
    for (Path jar : jars) {
      if (Files.exists(jar) && Files.getLastModifiedTime(jar).compareTo(made) > 0) {
        return false;
      }
    }
    return true;
  }

  private static void make(String path, Path archive) throws IOException {
    Path folder = Files.createTempDirectory(archive.toAbsolutePath().getParent(), "classes");
    Path made = folder.resolve("archive");
    try (JavaProcess server =
        JavaProcess.start(
            List.of("-XX:ArchiveClassesAtExit=" + made),
            path,
            MAIN,
            List.of("server", "--listen", "127.0.0.1:0", "--state-dir", folder + "/state"),
            Map.of(),
            folder.resolve("log"))) {
      server.awaitLine("remora server ready on ", START_TIME_MAX);
    }
    Files.move(made, archive, StandardCopyOption.REPLACE_EXISTING);
    try (Stream<Path> left = Files.walk(folder)) {
      left.sorted((a, b) -> b.compareTo(a)).map(Path::toFile).forEach(File::delete);
    }
  }
}
