// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.trace.TraceFile;
import io.remora.client.AdminClient;
import io.remora.command.RemoraCommand;
import io.remora.v1.TraceRequest;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code remora trace}: what a tenant's sessions do, call by call. */
@Command(
    name = "trace",
    description = "Records what a tenant's sessions do; Perfetto (ui.perfetto.dev) shows it.",
    footer = {
      "",
      "Each session has lanes for its calls, for works that wait in the queue, and for those that "
          + "run. Times are the server's. An operator may record any tenant, others themselves."
    })
public final class TraceCommand implements RemoraCommand {
  private static final double SECONDS_MAX = 60;

  @Spec private CommandSpec spec;
  @Mixin private ConnectionOptions connection;

  @Option(names = "--tenant", paramLabel = "NAME", description = "Whose. Default: your own.")
  private @Nullable String tenant;

  @Option(names = "--seconds", paramLabel = "N", description = "How long, up to 60. Default: 5.")
  private double seconds = 5;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The file; one that ends in .gz is compressed. Default: remora-trace.json.gz.")
  private Path output = Path.of("remora-trace.json.gz");

  @Override
  public Integer call() throws IOException {
    if (!(seconds >= 0.001 && seconds <= SECONDS_MAX)) {
      throw new IllegalArgumentException("--seconds must be from 0.001 to 60");
    }
    QuietLogs.begin();
    TraceRequest request =
        TraceRequest.newBuilder()
            .setTenant(tenant == null ? "" : tenant)
            .setMillis((int) Math.round(seconds * 1000))
            .build();
    TraceFile trace = new TraceFile();
    try (AdminClient admin = AdminClient.open(connection.settings())) {
      admin.trace(request, trace::add);
    }
    trace.write(output);
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        output
            + ": "
            + Sizes.count(trace.calls())
            + " calls and "
            + Sizes.count(trace.works())
            + " works of "
            + trace.sessions()
            + " sessions; open it at https://ui.perfetto.dev");
    if (trace.sessions() == 0) {
      out.println("The tenant had no session meanwhile: start its program, and trace again.");
    }
    if (trace.lost() > 0) {
      out.println(
          Sizes.count(trace.lost())
              + " more found no room, from the first that is missing on: record for a shorter"
              + " time.");
    }
    if (trace.undrawn() > 0) {
      out.println(
          Sizes.count(trace.undrawn())
              + " works overlapped so many others that they have no lane; the counter 'queued' has"
              + " them.");
    }
    out.flush();
    return OK;
  }
}
