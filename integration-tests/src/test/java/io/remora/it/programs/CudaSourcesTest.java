// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds the checked-in PTX to its CUDA sources. */
final class CudaSourcesTest {
  private static final Path SOURCES = Path.of("src/main/cuda");
  private static final String RELEASE = "release 13.0";

  @Test
  void everySourceHasItsPtxAndNoPtxNamesADirectoryOfTheMachine() throws IOException {
    List<Path> sources = files(".cu");
    assertThat(sources).hasSizeGreaterThan(10);
    assertThat(files(".ptx")).hasSameSizeAs(sources);
    for (Path source : sources) {
      String ptx = read(ptxOf(SOURCES, source));
      assertThat(ptx)
          .contains(".target " + targetOf(source))
          .contains("\t.loc")
          .doesNotContain("\"/");
    }
  }

  /** A source that needs more than the oldest target says so. */
  private static String targetOf(Path source) throws IOException {
    String mark = "// nvcc: compute_";
    return read(source)
        .lines()
        .filter(line -> line.startsWith(mark))
        .map(line -> "sm_" + line.substring(mark.length()))
        .findFirst()
        .orElse("sm_75");
  }

  @Test
  void compilingTheSourcesAgainGivesTheCheckedInPtx(@TempDir Path directory)
      throws IOException, InterruptedException {
    String version = compilerVersion();
    assumeTrue(
        version.contains(RELEASE),
        "needs nvcc of CUDA 13.0 on the PATH to compile the sources again");
    Path script = SOURCES.resolve("compile.sh").toAbsolutePath();
    String output = run(List.of("sh", script.toString(), directory.toString()));
    for (Path source : files(".cu")) {
      assertThat(withoutPlaces(read(ptxOf(directory, source))))
          .as("%s compiled again; %s", source, output)
          .isEqualTo(withoutPlaces(read(ptxOf(SOURCES, source))));
    }
  }

  /** The debugger's names and those of a file's own hold a hash of where the source lies. */
  private static String withoutPlaces(String ptx) {
    int names = ptx.indexOf("\t.section\t.debug_str");
    return (names < 0 ? ptx : ptx.substring(0, names)).replaceAll("_[0-9a-f]{8}_(?=\\d+_)", "_");
  }

  private static String compilerVersion() throws InterruptedException {
    try {
      return run(List.of("nvcc", "--version"));
    } catch (IOException e) {
      return "none: " + e.getMessage();
    }
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("%s ended", command).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }

  private static List<Path> files(String ending) throws IOException {
    try (Stream<Path> all = Files.list(SOURCES)) {
      return all.filter(file -> file.toString().endsWith(ending)).sorted().toList();
    }
  }

  private static Path ptxOf(Path directory, Path source) {
    return directory.resolve(source.getFileName().toString().replace(".cu", ".ptx"));
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file);
  }
}
