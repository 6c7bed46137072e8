// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.doctor.Check;
import io.remora.cli.doctor.Finding;
import io.remora.cli.doctor.JavaCheck;
import io.remora.cli.doctor.NetworkCheck;
import io.remora.cli.doctor.TlsCheck;
import io.remora.client.ConfiguredSettings;
import io.remora.client.ConnectionSettings;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.Surroundings;
import io.remora.command.MachineReport;
import io.remora.command.RemoraCommand;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code remora doctor}: walks the way to a device and says where it ends. */
@Command(
    name = "doctor",
    description = "Checks Java, network, TLS, token and devices, and says what to do.")
public final class DoctorCommand implements RemoraCommand {
  @Spec private CommandSpec spec;
  @Mixin private ConnectionOptions connection;

  @Override
  public Integer call() {
    QuietLogs.begin();
    PrintWriter out = spec.commandLine().getOut();
    DoctorReport report = new DoctorReport(out, Palette.ofStandardOutput());
    report.add(new JavaCheck(Runtime.version()).look());
    report.add(thisMachine());
    SettingsCheck settings = new SettingsCheck(connection.flags(), Surroundings.ofProcess());
    report.add(settings.look());
    for (Check check : settings.found().map(DoctorCommand::wayTo).orElse(List.of())) {
      // Each step rests on the one before it.
      if (report.isGood()) {
        report.add(check.look());
      }
    }
    report.end();
    return report.isGood() ? OK : FAILURE;
  }

  private static List<Finding> thisMachine() {
    List<Finding> findings = new ArrayList<>();
    for (MachineReport each : ServiceLoader.load(MachineReport.class)) {
      each.look().forEach(line -> findings.add(Finding.good(line.subject(), line.text())));
    }
    return findings;
  }

  private static List<Check> wayTo(ClientSettings found) {
    List<ConnectionSettings> servers = ConfiguredSettings.ofAll(found);
    List<Check> checks = new ArrayList<>();
    if (servers.size() == 1) {
      checks.addAll(wayTo(servers.get(0)));
    } else {
      servers.forEach(server -> checks.add(new MemberCheck(server.server(), wayTo(server))));
    }
    checks.add(new SessionCheck(found, new MonotonicClock()));
    return checks;
  }

  private static List<Check> wayTo(ConnectionSettings server) {
    return List.of(
        new NetworkCheck(server.host(), server.port()),
        server.plaintext()
            ? new PlaintextCheck(server.host())
            : new TlsCheck(server.host(), server.port(), server.caFile(), Instant.now()));
  }

  /** The way to one of several servers, which others can do without. */
  private record MemberCheck(String server, List<Check> steps) implements Check {
    @Override
    public List<Finding> look() {
      for (Check step : steps) {
        for (Finding finding : step.look()) {
          if (finding.isBad()) {
            return List.of(Finding.warning(server, finding.text(), finding.remedy()));
          }
        }
      }
      return List.of(Finding.good(server, "can be reached"));
    }
  }

  /** Warns of a connection that anybody on the way can read. */
  private record PlaintextCheck(String host) implements Check {
    @Override
    public List<Finding> look() {
      return List.of(
          Finding.warning(
              "TLS",
              "off: anybody between here and " + host + " can read token and data",
              "Leave TLS on unless the server is on this machine."));
    }
  }
}
