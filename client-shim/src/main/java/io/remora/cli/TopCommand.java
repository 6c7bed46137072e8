// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.top.LiveScreen;
import io.remora.cli.top.Order;
import io.remora.cli.top.TopView;
import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.command.RemoraCommand;
import io.remora.config.Durations;
import io.remora.json.Json;
import io.remora.json.MessageJson;
import io.remora.v1.ServerState;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code remora top}: what a server does right now. */
@Command(
    name = "top",
    description = "Shows devices, tenants and sessions of a server, live.",
    footer = {
      "",
      "Keys: s sorts by the next column, space holds the picture, q ends.",
      "An operator sees everything, another tenant itself. Where standard output is no terminal "
          + "it prints one picture, as with --once."
    })
public final class TopCommand implements RemoraCommand {
  private static final Duration INTERVAL_MIN = Duration.ofMillis(100);
  private static final int CONTROL_C = 3;
  private static final int CONTROL_D = 4;

  @Spec private CommandSpec spec;
  @Mixin private ConnectionOptions connection;

  @Option(names = "--once", description = "Print one picture and end.")
  private boolean once;

  @Option(names = "--json", description = "Print one picture as JSON and end.")
  private boolean json;

  @Option(
      names = {"-i", "--interval"},
      paramLabel = "TIME",
      description = "Time between two pictures, like 500ms. Default: 1s.")
  private String interval = "1s";

  @Option(
      names = {"-s", "--sort"},
      paramLabel = "busy|memory|calls|name",
      description = "How tenants and sessions are sorted. Default: busy.")
  private Order order = Order.BUSY;

  @Override
  public Integer call() throws IOException {
    Duration pause =
        Durations.parse(interval)
            .filter(each -> each.compareTo(INTERVAL_MIN) >= 0)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--interval must be a time from 100ms on, like 500ms or 2s, not "
                            + interval));
    ConnectionSettings settings = connection.settings();
    QuietLogs.begin();
    try (AdminClient admin = AdminClient.open(settings)) {
      // Before the screen is taken, so that a failure is readable.
      ServerState state = admin.state();
      if (json) {
        print(List.of(Json.of(MessageJson.of(state))));
        return OK;
      }
      Terminal terminal = once ? null : terminal();
      if (terminal == null) {
        print(view(Palette.ofStandardOutput()).lines(settings.server(), state, width()));
        return OK;
      }
      try (terminal;
          LiveScreen screen = new LiveScreen(terminal)) {
        live(screen, admin, settings.server(), pause);
      }
    }
    return OK;
  }

  private TopView view(Palette palette) {
    return new TopView(palette, order, ZoneId.systemDefault());
  }

  /** The terminal at standard input and output; null if one of them is something else. */
  private static @Nullable Terminal terminal() throws IOException {
    Terminal terminal =
        TerminalBuilder.builder().name("remora").system(true).dumb(true).jni(true).build();
    String type = terminal.getType();
    if (type.equals(Terminal.TYPE_DUMB) || type.equals(Terminal.TYPE_DUMB_COLOR)) {
      terminal.close();
      return null;
    }
    return terminal;
  }

  /** What is printed for a terminal fits it; anything else is cut by whoever reads it. */
  private int width() throws IOException {
    if (!Palette.ofStandardOutput().isColoured()) {
      return TopView.UNLIMITED;
    }
    Terminal terminal = terminal();
    if (terminal == null) {
      return TopView.UNLIMITED;
    }
    try (terminal) {
      return Math.max(1, terminal.getWidth());
    }
  }

  private void print(List<String> lines) {
    PrintWriter out = spec.commandLine().getOut();
    lines.forEach(out::println);
    out.flush();
  }

  private void live(LiveScreen screen, AdminClient admin, String server, Duration pause)
      throws IOException {
    boolean held = false;
    ServerState state = null;
    String trouble = "";
    while (true) {
      if (!held || state == null) {
        try {
          state = admin.state();
          trouble = "";
        } catch (ConnectionException e) {
          // It may come back; until then the last picture stays.
          trouble = String.valueOf(e.getMessage());
        }
      }
      Palette palette = new Palette(true);
      List<String> lines =
          state == null ? List.of() : view(palette).lines(server, state, screen.width());
      screen.show(lines, footer(palette, held, trouble));
      switch (screen.key(pause.toMillis())) {
        case 'q', 'Q', CONTROL_C, CONTROL_D, LiveScreen.GONE -> {
          return;
        }
        case 's', 'S' -> order = order.next();
        case ' ' -> held = !held;
        default -> {}
      }
    }
  }

  private String footer(Palette palette, boolean held, String trouble) {
    return trouble.isEmpty()
        ? palette.faint(
            (held ? "HELD" : "live")
                + "   by "
                + order.name().toLowerCase(Locale.ROOT)
                + "   s sort  space hold  q quit")
        : palette.red(trouble);
  }
}
