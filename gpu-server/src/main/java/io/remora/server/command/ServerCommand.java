// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.RemoraCommand;
import io.remora.server.RemoraServer;
import io.remora.server.config.DeviceChoice;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.ServerFlags;
import io.remora.server.config.StateDirectory;
import io.remora.server.config.TlsMode;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Driver;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code remora server}: serves until SIGTERM or SIGINT. */
@Command(
    name = "server",
    description = "Offer this machine's devices to clients, until SIGTERM.",
    footer = {
      "",
      "When it accepts sessions it prints one line: remora server ready on HOST:PORT ...",
      "Without a configuration it listens on loopback only, makes its own certificate and a "
          + "tenant 'local', and `remora devices` of the same user finds it.",
      "See docs/operating.md."
    })
public final class ServerCommand implements RemoraCommand {
  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--config", paramLabel = "FILE", description = "The server's YAML file.")
  private @Nullable Path config;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "Where to listen. Default: 127.0.0.1:7443. Port 0: any free one.")
  private @Nullable String listen;

  @Option(
      names = "--device",
      paramLabel = "auto|cuda|software",
      description = "Which devices to offer. Default: auto.")
  private @Nullable DeviceChoice device;

  @Option(names = "--tenants", paramLabel = "FILE", description = "The tenants file.")
  private @Nullable String tenants;

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      description = "Where the server keeps what it makes itself.")
  private @Nullable String stateDirectory;

  @Option(
      names = "--tls",
      paramLabel = "on|off",
      description = "Encryption. Default: on. Off works on loopback only.")
  private @Nullable TlsMode tls;

  @Option(
      names = "--cert",
      paramLabel = "FILE",
      description = "The certificate and its chain, as PEM.")
  private @Nullable String certificate;

  @Option(names = "--key", paramLabel = "FILE", description = "The certificate's key, as PEM.")
  private @Nullable String key;

  @Option(
      names = "--web",
      paramLabel = "HOST:PORT|off",
      description = "Where the page and /metrics are. Default: 127.0.0.1:7444.")
  private @Nullable String web;

  @Option(
      names = "--pool",
      paramLabel = "FILE",
      description = "The file of the pool that this server belongs to: docs/pool.md.")
  private @Nullable String pool;

  @Option(
      names = "--member",
      paramLabel = "NAME",
      description = "Its name in the pool. Default: this machine's.")
  private @Nullable String member;

  @Option(
      names = "--advertise",
      paramLabel = "HOST:PORT",
      description = "Where others reach it, in a pool that has no list of members.")
  private @Nullable String advertise;

  @Option(
      names = "--resume-grace",
      paramLabel = "TIME",
      description = "How long a session waits for a client that was cut off. Default: 30s.")
  private @Nullable String resumeGrace;

  @Option(
      names = "--until-exit",
      paramLabel = "PID",
      description = "Serve until this process has ended.")
  private @Nullable Long untilExit;

  @Override
  public Integer call() throws IOException, GeneralSecurityException, InterruptedException {
    if (spec == null) {
      throw new IllegalStateException("picocli sets the spec before it calls a command");
    }
    PrintWriter out = spec.commandLine().getOut();
    ServerFlags flags =
        new ServerFlags(
            listen,
            device,
            tls,
            tenants,
            stateDirectory,
            certificate,
            key,
            web,
            resumeGrace,
            pool,
            member,
            advertise);
    ServerConfig settings = ServerConfig.read(config, flags, StateDirectory.ofProcess());
    Logging.use(settings.log());
    Logging.audit(settings.auditLog());
    // The process ends in the hook, so the driver is closed there and not here.
    Driver driver = RemoraServer.openDriver(settings);
    RemoraServer server;
    try {
      server = RemoraServer.start(settings, driver);
    } catch (IOException e) {
      driver.close();
      throw new IOException("can't serve on " + settings.listen() + why(e), e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> drain(server, driver), "remora-stop"));
    out.println(readyLine(server, settings, driver.devices()));
    out.flush();
    driver.warmUp();
    if (untilExit == null) {
      new CountDownLatch(1).await();
    } else {
      new ProcessWatch(untilExit).await();
    }
    return OK;
  }

  private static String why(IOException e) {
    Throwable cause = e.getCause();
    String detail = cause == null ? e.getMessage() : cause.getMessage();
    boolean taken = detail != null && detail.contains("Address already in use");
    return taken
        ? ": another program listens there; stop it, or choose another port with --listen"
        : "";
  }

  /** An orderly stop is a success, where the JVM by itself would exit with 143. */
  private static void drain(RemoraServer server, Driver driver) {
    server.stop();
    driver.close();
    Runtime.getRuntime().halt(OK);
  }

  private static String readyLine(
      RemoraServer server, ServerConfig settings, List<DeviceDescription> devices) {
    StringBuilder line = new StringBuilder("remora server ready on ").append(server.address());
    if (devices.size() == 1) {
      line.append(" device=\"").append(devices.get(0).name()).append('"');
    } else {
      line.append(" devices=").append(devices.size());
    }
    line.append(" tls=").append(settings.tls() == TlsMode.ON ? "on" : "off");
    server.ca().ifPresent(ca -> line.append(" ca=").append(quoted(ca)));
    line.append(" tenants=").append(quoted(server.tenantsFile()));
    server.page().ifPresent(page -> line.append(" web=").append(page));
    server.tokenFile().ifPresent(token -> line.append(" token_file=").append(quoted(token)));
    return line.toString();
  }

  private static String quoted(Path path) {
    String text = path.toString();
    return text.contains(" ") ? "\"" + text + "\"" : text;
  }
}
