// SPDX-License-Identifier: Apache-2.0
package io.remora.it.structure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Sizes and habits of the hand-written sources of all modules. */
final class TidyTest {
  private static final int FILE_LINES_MAX = 500;
  private static final int METHOD_LINES_MAX = 70;
  private static final String LICENSE_LINE = "// SPDX-License-Identifier: Apache-2.0";
  private static final Pattern UNFINISHED =
      Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final List<Path> SOURCES = sources();

  private static List<Path> sources() {
    List<Path> found = new ArrayList<>();
    for (String module :
        List.of("proto", "client-shim", "gpu-server", "integration-tests", "deploy")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
        files.filter(file -> file.toString().endsWith(".java")).forEach(found::add);
      } catch (IOException e) {
        throw new IllegalStateException("the tests must run in their module's folder", e);
      }
    }
    return found;
  }

  private static List<String> lines(Path file) throws IOException {
    return Files.readAllLines(file);
  }

  @Test
  void filesAreShort() throws IOException {
    List<String> tooLong = new ArrayList<>();
    for (Path file : SOURCES) {
      int count = lines(file).size();
      if (count > FILE_LINES_MAX) {
        tooLong.add(ROOT.relativize(file) + " has " + count + " lines");
      }
    }
    assertThat(tooLong).isEmpty();
  }

  @Test
  void methodsAreShort() throws IOException {
    List<String> tooLong = new ArrayList<>();
    for (MethodSizes.Size size : MethodSizes.of(SOURCES)) {
      if (size.lines() > METHOD_LINES_MAX) {
        tooLong.add(ROOT.relativize(size.file()) + " " + size.method() + ": " + size.lines());
      }
    }
    assertThat(tooLong).isEmpty();
  }

  @Test
  void everyFileNamesItsLicence() throws IOException {
    List<Path> without = new ArrayList<>();
    for (Path file : SOURCES) {
      if (!lines(file).get(0).equals(LICENSE_LINE)) {
        without.add(ROOT.relativize(file));
      }
    }
    assertThat(without).isEmpty();
  }

  @Test
  void nothingIsLeftUnfinished() throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : SOURCES) {
      for (String line : lines(file)) {
        if (UNFINISHED.matcher(line).find()) {
          found.add(ROOT.relativize(file) + ": " + line.strip());
        }
      }
    }
    assertThat(found).isEmpty();
  }

  @Test
  void everyPackageIsExplainedAndNullMarked() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Path file : SOURCES) {
      if (!file.toString().contains("src/main/java")) {
        continue;
      }
      Path information = file.resolveSibling("package-info.java");
      String text = Files.exists(information) ? Files.readString(information) : "";
      String words = text.replaceAll("[\\s*]+", " ");
      if (!words.contains("@NullMarked") || !words.contains("tart reading at {@link")) {
        wrong.add(ROOT.relativize(information).toString());
      }
    }
    assertThat(wrong.stream().distinct()).isEmpty();
  }
}
