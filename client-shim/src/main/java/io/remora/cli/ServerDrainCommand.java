// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.command.RemoraCommand;
import io.remora.command.Subcommand;
import io.remora.config.Durations;
import io.remora.v1.DrainServerReply;
import io.remora.v1.DrainServerRequest;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code remora server drain}: taking a server out of service, and back. For operators. */
@Subcommand(of = "server")
@Command(
    name = "drain",
    description =
        "Lets no new session onto a server; those that run go on, in a pool at another member if"
            + " one has room.",
    footer = {
      "",
      "Clients that name a pool get another member. A server that starts again isn't drained."
    })
public final class ServerDrainCommand implements RemoraCommand {
  @Spec private CommandSpec spec;
  @Mixin private ConnectionOptions connection;

  @Option(names = "--undo", description = "Let sessions in again.")
  private boolean undo;

  @Option(
      names = "--grace",
      paramLabel = "TIME",
      description = "End what still runs after so long, like 10m. Default: never.")
  private @Nullable String grace;

  @Override
  public Integer call() throws ConnectionException {
    DrainServerRequest.Builder request = DrainServerRequest.newBuilder().setUndo(undo);
    if (grace != null) {
      request.setGraceMillis(
          Durations.parse(grace)
              .orElseThrow(() -> new IllegalArgumentException("--grace must be " + Durations.FORMS))
              .toMillis());
    }
    QuietLogs.begin();
    PrintWriter out = spec.commandLine().getOut();
    try (AdminClient admin = AdminClient.open(connection.settings())) {
      DrainServerReply reply = admin.drainServer(request.build());
      out.println(said(reply.getSessions()));
      out.flush();
    }
    return OK;
  }

  private String said(int sessions) {
    if (undo) {
      return "the server lets sessions in again";
    }
    return sessions == 0
        ? "the server is drained: it has no session"
        : "the server is draining: "
            + sessions
            + " sessions go on"
            + (grace == null ? " (--grace ends them)" : ", for " + grace + " at most");
  }
}
