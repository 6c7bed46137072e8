// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.command.RemoraCommand;
import io.remora.v1.DrainDeviceReply;
import io.remora.v1.DrainDeviceRequest;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code remora device}: taking a device out of service, and back. For operators. */
@Command(
    name = "device",
    description = "Takes a server's device out of service, or back.",
    subcommands = DeviceCommand.DrainCommand.class,
    footer = {"", "`remora devices` lists what a tenant sees, `remora top` what there is."})
public final class DeviceCommand implements RemoraCommand {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return USAGE;
  }

  /** {@code remora device drain}. */
  @Command(
      name = "drain",
      description = "Gives a device to no new session; those that have it go on.",
      footer = {"", "A server that starts again serves all its devices."})
  static final class DrainCommand implements RemoraCommand {
    @Spec private CommandSpec spec;
    @Mixin private ConnectionOptions connection;

    @Parameters(paramLabel = "DEVICE", description = "Its ordinal on the server.")
    private int ordinal;

    @Option(names = "--undo", description = "Give it to new sessions again.")
    private boolean undo;

    @Option(
        names = "--move-sessions",
        description = "Move the sessions that have it to other devices of the server.")
    private boolean moveSessions;

    @Option(names = "--end-sessions", description = "End the sessions that have it, too.")
    private boolean endSessions;

    @Override
    public Integer call() throws ConnectionException {
      if (ordinal < 0) {
        throw new IllegalArgumentException("devices are numbered from 0");
      }
      if (undo && (endSessions || moveSessions)) {
        throw new IllegalArgumentException(
            "--undo ends and moves nothing: leave --end-sessions and --move-sessions out");
      }
      QuietLogs.begin();
      PrintWriter out = spec.commandLine().getOut();
      try (AdminClient admin = AdminClient.open(connection.settings())) {
        DrainDeviceReply reply =
            admin.drainDevice(
                DrainDeviceRequest.newBuilder()
                    .setOrdinal(ordinal)
                    .setUndo(undo)
                    .setEndSessions(endSessions)
                    .setMoveSessions(moveSessions)
                    .build());
        if (moveSessions) {
          out.println("moved " + reply.getMoved() + " sessions to other devices");
        }
        out.println("device " + ordinal + " " + said(reply));
        out.flush();
      }
      return OK;
    }

    private String said(DrainDeviceReply reply) {
      if (undo) {
        return "serves new sessions again";
      }
      if (reply.getSessions() == 0) {
        return "is drained: no session has it";
      }
      return endSessions
          ? "is drained: " + reply.getSessions() + " sessions were ended"
          : "is draining: "
              + reply.getSessions()
              + " sessions still have it (--end-sessions ends"
              + " them)";
    }
  }
}
