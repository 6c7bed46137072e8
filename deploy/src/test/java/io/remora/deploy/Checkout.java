// SPDX-License-Identifier: Apache-2.0
package io.remora.deploy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The repository that these tests are in, and how to run its scripts. */
final class Checkout {
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  static final Path DEPLOY = ROOT.resolve("deploy");

  private Checkout() {}

  /** The version that all is made with, from the one place where it is said. */
  static String version() throws IOException {
    Matcher found =
        Pattern.compile("<version>([^<]+)</version>")
            .matcher(Files.readString(ROOT.resolve("pom.xml")));
    if (!found.find()) {
      throw new IllegalStateException("there is no version in " + ROOT.resolve("pom.xml"));
    }
    return found.group(1);
  }

  /** What a command did. */
  record Outcome(int status, String output) {}

  /** Runs a command and answers its status and all it printed. */
  static Outcome run(Path folder, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), output);
  }

  /** As the other; a status that isn't 0 is an error with what was printed. */
  static String expect(Path folder, List<String> command) throws IOException, InterruptedException {
    Outcome outcome = run(folder, Map.of(), command);
    if (outcome.status() != 0) {
      throw new IllegalStateException(
          command + " ended with " + outcome.status() + ":\n" + outcome.output());
    }
    return outcome.output();
  }

  /** Whether a command can be run here and succeeds. */
  static boolean works(String... command) throws InterruptedException {
    try {
      return run(ROOT, Map.of(), List.of(command)).status() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
