// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.cli.MonotonicClock;
import io.remora.cli.Palette;
import io.remora.cli.QuietLogs;
import io.remora.command.RemoraCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code remora demo}: the main job on real input. Answers {@link #OK}, with a last line {@code
 * PASS}, only if every result is right.
 */
@Command(
    name = "demo",
    description = "Shows two tenants sharing one device, checks all results, draws a picture.")
public final class DemoCommand implements RemoraCommand {
  private static final int SECONDS_MAX = 600;
  private static final int BODIES_MIN = 128;
  private static final int BODIES_MAX = 1 << 17;

  @Spec private CommandSpec spec;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description = "How long the tenants compete while it is measured (default: 8).")
  private int seconds = 8;

  @Option(
      names = "--bodies",
      paramLabel = "N",
      description = "Size of each tenant's N-body system (default: 2048).")
  private int bodies = 2048;

  @Option(
      names = "--picture",
      paramLabel = "FILE",
      description = "Where to write the picture (default: remora-demo/nbody.png).")
  private Path picture = Path.of("remora-demo", "nbody.png");

  @Override
  public Integer call() throws InterruptedException {
    if (seconds < 1 || seconds > SECONDS_MAX) {
      throw new IllegalArgumentException("--seconds is 1 to " + SECONDS_MAX);
    }
    if (bodies < BODIES_MIN || bodies > BODIES_MAX) {
      throw new IllegalArgumentException("--bodies is " + BODIES_MIN + " to " + BODIES_MAX);
    }
    QuietLogs.begin();
    Screen screen = new Screen(spec.commandLine().getOut(), Palette.ofStandardOutput());
    List<String> wrong = run(screen);
    if (wrong.isEmpty()) {
      screen.pass();
      return OK;
    }
    screen.fail(String.join("; ", wrong));
    return FAILURE;
  }

  /** Answers what was wrong. */
  private List<String> run(Screen screen) throws InterruptedException {
    screen.line("Remora: CUDA programs on a GPU that is somewhere else.");
    Map<String, Integer> weights = new LinkedHashMap<>();
    weights.put("alice", 3);
    weights.put("bob", 1);
    try (DemoServer server = DemoServer.start(weights)) {
      screen.labelled(
          "server",
          String.format(
              "process %d on %s, TLS 1.3, a token for each tenant",
              server.processId(), server.address()));
      return new Demo(screen, server, new MonotonicClock(), weights).run(bodies, seconds, picture);
    } catch (IOException | RuntimeException e) {
      return List.of(reason(e));
    }
  }

  private static String reason(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.toString() : message;
  }
}
