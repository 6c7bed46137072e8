// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import io.remora.config.ConfigException;
import io.remora.config.ConfigFile;
import io.remora.config.ConfigSection;
import io.remora.config.Durations;
import io.remora.server.tenant.LocalTenant;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can be decided about a server. Made from a file and flags by {@link #read}.
 *
 * @param listen where it accepts connections
 * @param device which driver it uses
 * @param stateDirectory where it keeps what it makes itself
 * @param tenants the tenants file; null: the one in the state directory, made if needed
 * @param tls whether connections are encrypted
 * @param certificate PEM file of the certificate and its chain; null: one of its own making
 * @param key PEM file of the certificate's private key; null as {@code certificate}
 * @param clientCa PEM file of the authorities one of which must have signed a client's certificate;
 *     null: clients need none
 * @param reflection whether anyone may ask which services there are
 * @param limits bounds on what clients can take
 * @param drainTime how long running sessions may go on after SIGTERM
 * @param software what software devices are like
 * @param log how log lines look
 * @param auditLog file for the audit log; null: there is none
 * @param operators names of the tenants that may see and change everything
 * @param resumeGrace how long a session waits for its client when the connection is cut; 0: not at
 *     all
 * @param web where the page and the metrics are
 */
public record ServerConfig(
    ListenAddress listen,
    DeviceChoice device,
    Path stateDirectory,
    @Nullable Path tenants,
    TlsMode tls,
    @Nullable Path certificate,
    @Nullable Path key,
    @Nullable Path clientCa,
    boolean reflection,
    ServerLimits limits,
    Duration drainTime,
    SoftwareSettings software,
    LogFormat log,
    @Nullable Path auditLog,
    Set<String> operators,
    Duration resumeGrace,
    WebSettings web) {
  private static final ListenAddress LISTEN_DEFAULT =
      new ListenAddress("127.0.0.1", ListenAddress.PORT_DEFAULT);
  private static final Duration DRAIN_DEFAULT = Duration.ofSeconds(10);

  /** Both ends find a silent peer within 10 s, and not at the same time. */
  private static final Duration RESUME_GRACE_DEFAULT = Duration.ofSeconds(30);

  private static final Duration RESUME_GRACE_MAX = Duration.ofHours(1);

  public ServerConfig {
    operators = Set.copyOf(operators);
  }

  /**
   * Reads the configuration.
   *
   * @param file the YAML file, or null for defaults
   * @param userState the state directory where neither file nor flags name one
   * @throws ConfigException with every mistake in the file; or with every combination that a server
   *     must not start with, and what to do about it
   */
  public static ServerConfig read(@Nullable Path file, ServerFlags flags, Path userState) {
    Path folder = Path.of("").toAbsolutePath();
    ServerConfig config;
    if (file == null) {
      config = ConfigFile.parse("the command line", "", top -> read(top, flags, folder, userState));
    } else {
      Path parent = file.toAbsolutePath().getParent();
      Path base = parent == null ? folder : parent;
      config = ConfigFile.read(file, top -> read(top, flags, base, userState));
    }
    List<String> refusals = StartRules.check(config);
    if (!refusals.isEmpty()) {
      throw new ConfigException(refusals);
    }
    return config;
  }

  /** Every key of the file. */
  public static List<String> keys() {
    Path here = Path.of("");
    return ConfigFile.keys(top -> read(top, ServerFlags.NONE, here, here));
  }

  private static ServerConfig read(
      ConfigSection top, ServerFlags flags, Path folder, Path userState) {
    ListenAddress listen = listen(top, flags.listen());
    DeviceChoice device = top.choice("device", DeviceChoice.AUTO);
    Path stateDirectory = path(top, "state_dir", flags.stateDirectory(), folder);
    TlsMode tls = top.choice("tls", TlsMode.ON);
    Path tenants = path(top, "tenants", flags.tenants(), folder);
    return new ServerConfig(
        listen,
        flags.device() == null ? device : flags.device(),
        stateDirectory == null ? userState : stateDirectory,
        tenants,
        flags.tls() == null ? tls : flags.tls(),
        path(top, "certificate", flags.certificate(), folder),
        path(top, "key", flags.key(), folder),
        path(top, "client_ca", null, folder),
        top.flag("reflection", listen.isLoopback()),
        ServerLimits.read(top.section("limits")),
        drainTime(top),
        SoftwareSettings.read(top.section("software")),
        top.choice("log_format", LogFormat.TEXT),
        path(top, "audit_log", null, folder),
        operators(top, tenants == null),
        resumeGrace(top.section("session"), flags.resumeGrace()),
        WebSettings.read(top.section("web"), flags.web(), listen));
  }

  /** Whoever starts a server for itself is its operator. */
  private static Set<String> operators(ConfigSection top, boolean ownTenants) {
    Set<String> named = new HashSet<>(top.texts("operators"));
    if (named.isEmpty() && ownTenants && !top.has("operators")) {
      named.add(LocalTenant.NAME);
    }
    return named;
  }

  private static ListenAddress listen(ConfigSection top, @Nullable String flag) {
    String given = top.text("listen", LISTEN_DEFAULT.toString());
    ListenAddress configured =
        ListenAddress.parse(given)
            .orElseGet(
                () -> {
                  top.problem("listen", "must be " + ListenAddress.FORMS);
                  return LISTEN_DEFAULT;
                });
    return flag == null
        ? configured
        : ListenAddress.parse(flag)
            .orElseThrow(
                () ->
                    new ConfigException(
                        List.of("--listen must be " + ListenAddress.FORMS + ", not " + flag)));
  }

  private static Duration drainTime(ConfigSection top) {
    Duration time = top.duration("drain_time", DRAIN_DEFAULT);
    if (time.compareTo(Duration.ofHours(24)) > 0) {
      top.problem("drain_time", "must be at most 24h");
    }
    return time;
  }

  private static Duration resumeGrace(ConfigSection session, @Nullable String flag) {
    Duration time = session.duration("resume_grace", RESUME_GRACE_DEFAULT);
    if (time.compareTo(RESUME_GRACE_MAX) > 0) {
      session.problem("resume_grace", "must be at most 1h");
    }
    if (flag == null) {
      return time;
    }
    return Durations.parse(flag)
        .filter(given -> given.compareTo(RESUME_GRACE_MAX) <= 0)
        .orElseThrow(
            () ->
                new ConfigException(
                    List.of(
                        "--resume-grace must be "
                            + Durations.FORMS
                            + ", at most 1h, not "
                            + flag)));
  }

  /** Paths in the file are relative to its folder, those on the command line to the current one. */
  private static @Nullable Path path(
      ConfigSection top, String key, @Nullable String flag, Path folder) {
    String configured = top.text(key).orElse(null);
    if (flag != null) {
      return Path.of(flag).toAbsolutePath();
    }
    return configured == null ? null : folder.resolve(configured).toAbsolutePath().normalize();
  }

  /** Whether the server makes its own certificate. */
  public boolean makesCertificate() {
    return tls == TlsMode.ON && certificate == null;
  }

  /** Whether the server makes its own tenants file. */
  public boolean makesTenants() {
    return tenants == null;
  }

  List<Path> namedFiles() {
    List<Path> named = new ArrayList<>();
    for (Path each : new @Nullable Path[] {tenants, certificate, key, clientCa}) {
      if (each != null) {
        named.add(each);
      }
    }
    return named;
  }
}
