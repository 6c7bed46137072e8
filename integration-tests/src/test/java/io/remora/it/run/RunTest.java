// SPDX-License-Identifier: Apache-2.0
package io.remora.it.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.Await;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a command notices of being run by {@code remora run}: its environment, and nothing else. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunTest {
  /** With counters somebody stays beside the command, which must not be felt either. */
  private static final String PLAIN = "--debug";

  private static final String COUNTED = "--stats";

  private Path folder;
  private Launcher launcher;

  @BeforeEach
  void prepare(@TempDir Path given) {
    folder = given;
    launcher = new Launcher(given);
  }

  @ParameterizedTest
  @ValueSource(strings = {PLAIN, COUNTED})
  void exitStatusIsTheCommands(String option) throws Exception {
    try (Running running = Running.start(launcher.runAnything(option, "sh", "-c", "exit 7"))) {
      assertThat(running.status()).isEqualTo(7);
      assertThat(running.rest()).isEmpty();
    }
  }

  @Test
  void nothingIsPrinted() throws Exception {
    try (Running running = Running.start(launcher.runAnything("true"))) {
      assertThat(running.status()).isZero();
      assertThat(running.rest()).isEmpty();
      assertThat(running.errorText()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PLAIN, COUNTED})
  void terminationEndsTheCommand(String option) throws Exception {
    try (Running running =
        Running.start(launcher.runAnything(option, "sh", "-c", "echo $$; exec cat"))) {
      long command = Long.parseLong(running.nextLine());

      running.signal("TERM");

      assertThat(running.status()).isEqualTo(143);
      assertThat(ProcessHandle.of(command).filter(ProcessHandle::isAlive)).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PLAIN, COUNTED})
  void commandThatCatchesASignalDecidesItsEnd(String option) throws Exception {
    // The read is a builtin, so that the shell itself gets the signal.
    String script =
        "trap 'echo caught; exit 5' TERM USR1 USR2; echo ready; while :; do read x; done";
    for (String signal : List.of("TERM", "USR1", "USR2")) {
      try (Running running = Running.start(launcher.runAnything(option, "bash", "-c", script))) {
        assertThat(running.nextLine()).isEqualTo("ready");

        running.signal(signal);

        assertThat(running.nextLine()).isEqualTo("caught");
        assertThat(running.status()).isEqualTo(5);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PLAIN, COUNTED})
  void killLeavesNoCommandBehind(String option) throws Exception {
    try (Running running =
        Running.start(launcher.runAnything(option, "sh", "-c", "echo $$; exec cat"))) {
      long command = Long.parseLong(running.nextLine());

      running.signal("KILL");

      assertThat(running.status()).isEqualTo(137);
      Await.holds(() -> ProcessHandle.of(command).filter(ProcessHandle::isAlive).isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {PLAIN, COUNTED})
  void bytesPassFromInputToOutput(String option) throws Exception {
    long seed = System.nanoTime();
    byte[] bytes = new byte[3_000_000];
    new Random(seed).nextBytes(bytes);
    Process process = launcher.runAnything(option, "cat").start();
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(
            () -> {
              try (OutputStream out = process.getOutputStream()) {
                out.write(bytes);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });

    assertThat(process.getInputStream().readAllBytes()).as("seed " + seed).isEqualTo(bytes);
    writer.join();
    assertThat(process.waitFor()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {PLAIN, COUNTED})
  void argumentsAreUntouchedInEveryLocale(String option) throws Exception {
    List<String> words = List.of("", " a  b ", "@file", "--", "--stats", "-h", "it's", "$HOME\\n");
    // The bytes of an é, which the locale has no character for.
    String script = "printf '%s|' \"$@\"";
    Path bytes = Files.write(folder.resolve("launch"), script("printf '\\303\\251'"));
    List<String> all = new ArrayList<>(List.of(option, "sh", "-c", script, "sh"));
    all.addAll(words);
    ProcessBuilder builder = launcher.runAnything(all.toArray(String[]::new));
    String launched = "exec \"$@\" \"$(sh " + bytes + ")\"";
    builder.command().addAll(0, List.of("sh", "-c", launched, "sh"));
    builder.environment().put("LC_ALL", "C");

    assertThat(Running.lines(builder)).containsExactly(String.join("|", words) + "|\u00c3\u00a9|");
  }

  private static byte[] script(String line) {
    return (line + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void environmentIsTheCallersAndTheSettings() throws Exception {
    ProcessBuilder builder = launcher.runAnything("--tls", "off", "env", "-0");
    Map<String, String> own = builder.environment();
    // Names that the launcher uses itself.
    for (String name : List.of("ROOT", "STATE", "JAR", "status", "flags", "version", "home")) {
      own.put(name, "the caller's " + name);
    }
    own.put("JAVA_HOME", "/nowhere");
    own.put("LD_LIBRARY_PATH", "/a:/b");
    own.put("REMORA_TOKEN", "rmr_it's");
    Map<String, String> expected = new TreeMap<>(own);
    expected.put("REMORA_TLS", "off");
    expected.put("REMORA_RESUME", "on");
    List.of("PWD", "OLDPWD", "_", "LD_LIBRARY_PATH").forEach(expected::remove);

    Map<String, String> found = new TreeMap<>();
    for (String line : String.join("\n", Running.lines(builder)).split("\0")) {
      found.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
    }

    assertThat(found.get("LD_LIBRARY_PATH")).endsWith("/native:/a:/b");
    List.of("PWD", "OLDPWD", "_", "LD_LIBRARY_PATH").forEach(found::remove);
    assertThat(found).isEqualTo(expected);
  }

  @Test
  void settingsOfFilesReachTheCommandAndReplaceOthers() throws Exception {
    Files.createDirectory(folder.resolve("remora"));
    Path token = Files.writeString(folder.resolve("remora/token"), "rmr_x\n");
    Path key = Files.writeString(folder.resolve("remora/key"), "00\n");
    Files.writeString(
        folder.resolve("remora/remora.yaml"),
        "server: gpu.example.org\ntoken_file: token\nruntime_key: key\n");
    ProcessBuilder builder =
        launcher.run("--token-file", "remora/token", "sh", "-c", "env | grep ^REMORA_ | sort");
    builder.environment().put("REMORA_TOKEN", "rmr_other");

    assertThat(Running.lines(builder))
        .contains(
            "REMORA_SERVER=gpu.example.org",
            "REMORA_TOKEN_FILE=" + token,
            "REMORA_RUNTIME_KEY_FILE=" + key,
            "REMORA_TLS=on")
        .noneMatch(line -> line.startsWith("REMORA_TOKEN="));
  }

  private void expectRefusal(ProcessBuilder builder, int status, String words) throws Exception {
    try (Running running = Running.start(builder)) {
      assertThat(running.status()).isEqualTo(status);
      assertThat(running.rest()).isEmpty();
      assertThat(running.errorText()).isEqualTo("remora: " + words + "\n");
    }
  }

  @Test
  void unknownCommandIsSaidInOneLine() throws Exception {
    expectRefusal(
        launcher.runAnything("no-such-command"), 127, "there is no command no-such-command");
  }

  @Test
  void folderWithoutTheLibraryIsRefused() throws Exception {
    ProcessBuilder builder = launcher.runAnything("true");
    builder.environment().put("REMORA_LIBRARY_DIR", folder.toString());

    expectRefusal(builder, 2, "REMORA_LIBRARY_DIR: there is no libcuda.so.1 in " + folder);
  }

  @Test
  void helpIsPrintedAndNothingIsRun() throws Exception {
    assertThat(Running.lines(launcher.runAnything("--help")))
        .anyMatch(line -> line.contains("remora run [OPTIONS] [--] COMMAND"));
  }
}
