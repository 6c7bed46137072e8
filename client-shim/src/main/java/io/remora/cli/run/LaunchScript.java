// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.run;

import io.remora.client.config.ClientSettings;
import io.remora.client.config.SettingKey;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What the launcher's shell has to do to become the user's command. The shell holds the command in
 * its positional parameters; Java would have to decode the words, and not every locale lets it.
 */
public final class LaunchScript {
  private static final String LIBRARY_PATH = "LD_LIBRARY_PATH";
  private static final String STATISTICS = "REMORA_STATS_FILE";
  private static final String TRACE = "REMORA_TRACE_FILE";

  /** A trace to which nothing has been added: an array of JSON. */
  private static final String EMPTY_TRACE = "[\n]\n";

  private final StringBuilder text = new StringBuilder();

  /**
   * Begins a script.
   *
   * @param words how many words the user's command has: the last ones that the launcher was given
   */
  public LaunchScript(int words) {
    line("shift $(($# - " + words + "))");
    line(
        "command -v -- \"$1\" >/dev/null ||"
            + " { printf 'remora: there is no command %s\\n' \"$1\" >&2; exit 127; }");
  }

  /** Lets the command find the server. */
  public void connect(ClientSettings settings) {
    Map<String, String> environment = settings.environment();
    for (SettingKey key : SettingKey.values()) {
      String value = environment.get(key.variable());
      line(value == null ? "unset " + key.variable() : export(key.variable(), quoted(value)));
    }
  }

  /** Lets the command load the C client in the place of a driver. */
  public void load(NativeFolder folder) {
    String others = "${" + LIBRARY_PATH + ":+:$" + LIBRARY_PATH + "}";
    line(export(LIBRARY_PATH, quoted(folder.path().toString()) + "\"" + others + "\""));
  }

  /**
   * Lets the command's processes write what their calls cost.
   *
   * @throws IllegalArgumentException if the file can't be written; what was in it is gone otherwise
   */
  public void trace(Path file) {
    try {
      Files.writeString(file, EMPTY_TRACE);
    } catch (IOException e) {
      throw new IllegalArgumentException("--trace: " + file + " can't be written", e);
    }
    line(export(TRACE, quoted(file.toAbsolutePath().toString())));
  }

  /** Ends the script: the shell becomes the command. */
  public void execute() {
    line("exec \"$@\"");
  }

  /**
   * Ends the script: the shell becomes a process that runs the command, and then {@code remora
   * stats} with what the command's processes have left in a file.
   */
  public void executeAndReport(NativeFolder folder) throws IOException {
    Path file = Files.createTempFile("remora-stats", ".txt");
    line(export(STATISTICS, quoted(file.toString())));
    List<String> report = OwnJava.brief("stats", "--remove", file.toString());
    StringBuilder words = new StringBuilder("exec ");
    words.append(quoted(folder.attendant().toString())).append(' ');
    report.forEach(word -> words.append(quoted(word)).append(' '));
    line(words + "-- \"$@\"");
  }

  /** Hands the script over. */
  public void writeTo(Path file) throws IOException {
    // As the words of the environment and the command line were decoded.
    Charset charset = Charset.forName(System.getProperty("sun.jnu.encoding"));
    Files.write(file, text.toString().getBytes(charset));
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private static String export(String variable, String word) {
    return "export " + variable + "=" + word;
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
