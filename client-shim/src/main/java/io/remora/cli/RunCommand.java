// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.run.EmbeddedServer;
import io.remora.cli.run.LaunchScript;
import io.remora.cli.run.NativeFolder;
import io.remora.client.ConfiguredSettings;
import io.remora.client.ConnectionSettings;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.SettingKey;
import io.remora.client.config.Surroundings;
import io.remora.command.RemoraCommand;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code remora run}: decides how a program will find its GPU. It doesn't run the program: the
 * launcher's shell does, by becoming it, when this process has told it how and has ended. A JVM in
 * between could hand on neither all signals nor, in some locales, all arguments.
 */
@Command(
    name = "run",
    description = "Runs a CUDA program on a GPU that is somewhere else.",
    customSynopsis = "remora run [OPTIONS] [--] COMMAND [ARGUMENT...]",
    footer = {
      "",
      "Signals, exit status, standard input and output, and the terminal are the command's own.",
      "Without a configured server one runs on this machine until the command ends.",
      "See docs/running-programs.md."
    })
public final class RunCommand implements RemoraCommand {
  /** Set by the launcher: the file for the shell's script, and the shell's process. */
  private static final String SCRIPT = "remora.run.script";

  private static final String PID = "remora.run.pid";

  private static final int CONNECT_MILLIS_MAX = 1000;

  private @Nullable CommandSpec spec;
  @Mixin private ConnectionOptions connection;
  @Mixin private WantOptions wants;

  @Option(
      names = "--runtime-key",
      paramLabel = "FILE",
      description =
          "File with the key that programs of the CUDA runtime ask for; also"
              + " REMORA_RUNTIME_KEY_FILE, or 'runtime_key' in remora.yaml.")
  private @Nullable String runtimeKey;

  @Option(
      names = "--stats",
      description = "Say at the end, on standard error, what the program's calls cost.")
  private boolean stats;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = "Write what each call cost to a file that ui.perfetto.dev opens.")
  private @Nullable Path trace;

  @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "The program, its arguments.")
  private List<String> command = new ArrayList<>();

  /** From the command's name on, options are the command's own. */
  @Spec
  void setSpec(CommandSpec given) {
    given.parser().stopAtPositional(true);
    spec = given;
  }

  @Override
  public Integer call() throws IOException {
    String script = System.getProperty(SCRIPT);
    if (script == null || spec == null) {
      throw new IllegalStateException("`remora run` works through the launcher, the file `remora`");
    }
    Surroundings around = Surroundings.ofProcess();
    NativeFolder folder = NativeFolder.find(around.variable(NativeFolder.VARIABLE));
    LaunchScript launch = new LaunchScript(command.size());
    launch.connect(settings(around));
    launch.load(folder);
    if (trace != null) {
      launch.trace(trace);
    }
    if (stats) {
      launch.executeAndReport(folder);
    } else {
      launch.execute();
    }
    launch.writeTo(Path.of(script));
    return OK;
  }

  private ClientSettings settings(Surroundings around) throws IOException {
    Map<SettingKey, String> flags = connection.flags();
    wants.addTo(flags);
    if (runtimeKey != null) {
      flags.put(SettingKey.RUNTIME_KEY, runtimeKey);
    }
    Optional<ClientSettings> found = ClientSettings.find(flags, around);
    if (found.isPresent() && !(found.get().onlyLocal() && hasEnded(found.get()))) {
      return found.get();
    }
    EmbeddedServer server =
        EmbeddedServer.start(
            around.localCredentials().resolveSibling("embedded"), Long.getLong(PID, 0));
    System.err.println(
        "remora: no server is configured, so one on "
            + server.address()
            + " serves this command: "
            + server.devices());
    Map<SettingKey, String> all = new EnumMap<>(flags);
    all.putAll(server.flags());
    return ClientSettings.of(all, around);
  }

  /** Whether the server that has left its address on this machine is gone. */
  private static boolean hasEnded(ClientSettings settings) {
    ConnectionSettings server = ConfiguredSettings.of(settings);
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(server.host(), server.port()), CONNECT_MILLIS_MAX);
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
