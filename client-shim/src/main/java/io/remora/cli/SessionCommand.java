// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.top.Order;
import io.remora.cli.top.TopView;
import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.command.RemoraCommand;
import io.remora.json.Json;
import io.remora.json.MessageJson;
import io.remora.v1.EndSessionsReply;
import io.remora.v1.EndSessionsRequest;
import io.remora.v1.MoveSessionReply;
import io.remora.v1.MoveSessionRequest;
import io.remora.v1.ServerState;
import java.io.PrintWriter;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code remora session}: who is on a server, and ending that. */
@Command(
    name = "session",
    description = "Lists a server's sessions, ends some, or moves one.",
    subcommands = {
      SessionCommand.ListCommand.class,
      SessionCommand.KillCommand.class,
      SessionCommand.MoveCommand.class
    },
    footer = {"", "An operator sees and ends all sessions, another tenant its own."})
public final class SessionCommand implements RemoraCommand {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return USAGE;
  }

  /** {@code remora session list}. */
  @Command(name = "list", description = "Lists the sessions that are there.")
  static final class ListCommand implements RemoraCommand {
    @Spec private CommandSpec spec;
    @Mixin private ConnectionOptions connection;

    @Option(names = "--json", description = "As JSON.")
    private boolean json;

    @Override
    public Integer call() throws ConnectionException {
      QuietLogs.begin();
      PrintWriter out = spec.commandLine().getOut();
      try (AdminClient admin = AdminClient.open(connection.settings())) {
        ServerState state = admin.state();
        if (json) {
          List<Object> sessions = new ArrayList<>();
          state.getSessionsList().forEach(session -> sessions.add(MessageJson.of(session)));
          out.println(Json.of(sessions));
        } else {
          new TopView(Palette.ofStandardOutput(), Order.NAME, ZoneId.systemDefault())
              .sessionLines(state, TopView.UNLIMITED)
              .forEach(out::println);
        }
        out.flush();
      }
      return OK;
    }
  }

  /** {@code remora session move}. */
  @Command(
      name = "move",
      description =
          "Moves a session to another device of its server, or to another member of the pool, as soon"
              + " as it is at rest; its program keeps its pointers and goes on.",
      footer = {"", "For operators. The devices must be alike."})
  static final class MoveCommand implements RemoraCommand {
    @Spec private CommandSpec spec;
    @Mixin private ConnectionOptions connection;

    @Parameters(index = "0", paramLabel = "ID", description = "Its id, or the first digits.")
    private String id = "";

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "DEVICE",
        description = "The other device's ordinal.")
    private @Nullable Integer device;

    @Option(
        names = "--to",
        paramLabel = "MEMBER",
        description = "The member of the pool that it shall be on, with all its devices.")
    private @Nullable String member;

    @Option(
        names = "--from",
        paramLabel = "DEVICE",
        description = "Which of its devices it shall leave, if it has several.")
    private @Nullable Integer from;

    @Option(
        names = "--wait",
        paramLabel = "SECONDS",
        description = "How long it may need to come to rest (default: ${DEFAULT-VALUE}).")
    private int waitSeconds = 5;

    @Override
    public Integer call() throws ConnectionException {
      Integer to = device;
      if ((to == null) == (member == null) || (member != null && from != null)) {
        throw new IllegalArgumentException("name either the other device or --to MEMBER");
      }
      if ((to != null && to < 0) || (from != null && from < 0)) {
        throw new IllegalArgumentException("devices are numbered from 0");
      }
      if (waitSeconds < 1 || waitSeconds > 60) {
        throw new IllegalArgumentException("--wait takes 1 to 60 seconds");
      }
      QuietLogs.begin();
      MoveSessionRequest.Builder request =
          MoveSessionRequest.newBuilder().setId(id).setMillis(waitSeconds * 1000);
      if (to != null) {
        request.setDevice(to);
      }
      if (from != null) {
        request.setFrom(from);
      }
      if (member != null) {
        request.setMember(member);
      }
      PrintWriter out = spec.commandLine().getOut();
      try (AdminClient admin = AdminClient.open(connection.settings())) {
        MoveSessionReply reply = admin.moveSession(request.build());
        out.println(
            "moved session "
                + reply.getId()
                + (member == null
                    ? " from device " + reply.getFrom() + " to device " + to
                    : " to member " + member + " at " + reply.getServer())
                + " with "
                + Sizes.bytes(reply.getBytes()));
        out.flush();
      }
      return OK;
    }
  }

  /** {@code remora session kill}. */
  @Command(
      name = "kill",
      description = "Ends sessions: their clients are told why, and all they hold is freed.")
  static final class KillCommand implements RemoraCommand {
    @Spec private CommandSpec spec;
    @Mixin private ConnectionOptions connection;

    @Parameters(paramLabel = "ID", arity = "0..*", description = "Ids, or their first digits.")
    private List<String> ids = List.of();

    @Option(names = "--tenant", paramLabel = "NAME", description = "All sessions of this tenant.")
    private @Nullable String tenant;

    @Option(names = "--reason", paramLabel = "TEXT", description = "What the clients are told.")
    private String reason = "";

    @Override
    public Integer call() throws ConnectionException {
      if (ids.isEmpty() && tenant == null) {
        throw new IllegalArgumentException(
            "which session? Give ids as `remora session list` shows them, or --tenant NAME");
      }
      QuietLogs.begin();
      EndSessionsRequest.Builder request =
          EndSessionsRequest.newBuilder().addAllIds(ids).setReason(reason);
      if (tenant != null) {
        request.setTenant(tenant);
      }
      PrintWriter out = spec.commandLine().getOut();
      try (AdminClient admin = AdminClient.open(connection.settings())) {
        EndSessionsReply reply = admin.endSessions(request.build());
        reply.getIdsList().forEach(id -> out.println("ended session " + id));
        if (reply.getIdsCount() == 0) {
          out.println("tenant '" + tenant + "' has no session");
        }
        out.flush();
      }
      return OK;
    }
  }
}
