// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.config.ConfigFile;
import io.remora.config.ConfigSection;
import io.remora.server.tenant.Tenant;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A pool as its file describes it.
 *
 * @param name of the pool
 * @param policy who gets a session if it doesn't say
 * @param waitMax how long a session that finds no room may wait in line
 * @param tokenFile holds the secret by which members know each other
 * @param ca PEM file of the authorities by which members know each other's certificates; null: the
 *     system's
 * @param members by name, if the file lists them
 * @param dns HOST:PORT whose addresses are the members, if they are found so
 * @param etcd where the members register, if they are found so
 * @param offer what each member gives, where no list says
 * @param span whether a session may have devices of several members
 * @param tenants what tenants may do in the pool, by name
 */
public record PoolFile(
    String name,
    Policy policy,
    Duration waitMax,
    @Nullable Path tokenFile,
    @Nullable Path ca,
    Map<String, Listed> members,
    @Nullable String dns,
    @Nullable EtcdSettings etcd,
    MemberTerms offer,
    boolean span,
    Map<String, TenantTerms> tenants) {

  /** What a name of a pool or a member may be, for messages. */
  static final String NAME_FORM =
      "1 to 63 letters, digits, dots or dashes, the first a letter or digit";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]{0,62}");
  private static final Pattern ADDRESS =
      Pattern.compile("(?:\\[[0-9a-fA-F:.%]+]|[^:\\[\\]\\s,/]+):(\\d{1,5})");
  private static final Duration WAIT_MAX = Duration.ofDays(1);

  /**
   * A member on the list.
   *
   * @param server HOST:PORT
   */
  public record Listed(String server, MemberTerms terms) {}

  /**
   * What a tenant may do in the pool.
   *
   * @param sessions at once on all members; null: what the tenants file says
   * @param waitMax how long it may wait in line; null: as long as everybody
   * @param span whether its sessions may have devices of several members; null: as everybody's
   */
  public record TenantTerms(
      @Nullable Integer sessions, @Nullable Duration waitMax, @Nullable Boolean span) {}

  public PoolFile {
    members = Map.copyOf(members);
    tenants = Map.copyOf(tenants);
  }

  /** The pool of a server that is alone. */
  public static PoolFile alone() {
    return new PoolFile(
        "",
        Policy.LEAST_LOADED,
        Duration.ZERO,
        null,
        null,
        Map.of(),
        null,
        null,
        MemberTerms.ALL,
        true,
        Map.of());
  }

  /**
   * Reads a file.
   *
   * @throws io.remora.config.ConfigException with every mistake, its line and column
   */
  public static PoolFile read(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    Path folder = parent == null ? Path.of("").toAbsolutePath() : parent;
    return ConfigFile.read(file, top -> read(top, folder));
  }

  /** Every key of the file. */
  public static List<String> keys() {
    return ConfigFile.keys(top -> read(top, Path.of("")));
  }

  private static PoolFile read(ConfigSection top, Path folder) {
    String name = top.requiredText("name");
    if (top.has("name") && !NAME.matcher(name).matches()) {
      top.problem("name", "must be " + NAME_FORM);
    }
    Map<String, Listed> members = members(top);
    String dns = top.text("dns").orElse(null);
    if (dns != null && !isAddress(dns)) {
      top.problem("dns", "must be HOST:PORT, like gpus.example:7443");
    }
    ConfigSection etcd = top.section("etcd");
    EtcdSettings etcdSettings = EtcdSettings.read(etcd, folder);
    ConfigSection offer = top.section("offer");
    MemberTerms terms = MemberTerms.read(offer);
    checkDiscovery(top, offer);
    Path tokenFile = path(top, "token_file", folder);
    if (tokenFile == null && top.has("name")) {
      top.problem(
          "token_file",
          "is missing: members know each other by the secret in it; make one with"
              + " `openssl rand -hex 32`");
    }
    return new PoolFile(
        name,
        top.choice("policy", Policy.LEAST_LOADED),
        wait(top),
        tokenFile,
        path(top, "ca", folder),
        members,
        dns,
        etcd.isPresent() ? etcdSettings : null,
        terms,
        top.flag("span", true),
        tenants(top));
  }

  private static void checkDiscovery(ConfigSection top, ConfigSection offer) {
    List<String> given = List.of("members", "dns", "etcd").stream().filter(top::has).toList();
    if (given.size() != 1) {
      String key = given.isEmpty() ? "members" : given.get(1);
      top.problem(
          key,
          given.isEmpty()
              ? "is missing: list the members, or name 'dns' or 'etcd' where they are found"
              : "can't be together with '" + given.get(0) + "': members are found in one way");
    }
    if (offer.isPresent() && top.has("members")) {
      top.problem("offer", "is for 'dns' and 'etcd': with a list, say it of each member there");
    }
  }

  private record Named<T>(String name, T it) {}

  private static <T> Map<String, T> byName(List<Named<T>> all) {
    Map<String, T> map = new LinkedHashMap<>();
    all.forEach(each -> map.putIfAbsent(each.name(), each.it()));
    return map;
  }

  private static Map<String, Listed> members(ConfigSection top) {
    Set<String> names = new HashSet<>();
    Set<String> servers = new HashSet<>();
    Map<String, Listed> members =
        byName(top.sections("members", section -> member(section, names, servers)));
    if (top.has("members") && members.isEmpty()) {
      top.problem("members", "must have at least one member");
    }
    return members;
  }

  private static Named<Listed> member(
      ConfigSection section, Set<String> names, Set<String> servers) {
    String name = section.requiredText("name");
    String server = section.requiredText("server");
    if (section.has("name") && !NAME.matcher(name).matches()) {
      section.problem("name", "must be " + NAME_FORM);
    } else if (section.has("name") && !names.add(name)) {
      section.problem("name", "is given to two members");
    }
    if (section.has("server") && !isAddress(server)) {
      section.problem("server", "must be HOST:PORT, like gpu1.example:7443");
    } else if (section.has("server") && !servers.add(server)) {
      section.problem("server", "is given to two members");
    }
    return new Named<>(name, new Listed(server, MemberTerms.read(section)));
  }

  private static Map<String, TenantTerms> tenants(ConfigSection top) {
    Set<String> names = new HashSet<>();
    return byName(top.sections("tenants", section -> tenant(section, names)));
  }

  private static Named<TenantTerms> tenant(ConfigSection section, Set<String> names) {
    String name = section.requiredText("name");
    if (section.has("name") && !Tenant.isName(name)) {
      section.problem("name", "must be " + Tenant.NAME_FORM);
    } else if (section.has("name") && !names.add(name)) {
      section.problem("name", "is given to two tenants");
    }
    Integer sessions = section.integer("sessions", 0, 1_000_000).orElse(null);
    Duration wait = wait(section);
    boolean span = section.flag("span", true);
    return new Named<>(
        name,
        new TenantTerms(
            sessions,
            section.has("wait") ? wait : null,
            section.has("span") ? Boolean.valueOf(span) : null));
  }

  private static Duration wait(ConfigSection section) {
    Duration wait = section.duration("wait", Duration.ZERO);
    if (wait.compareTo(WAIT_MAX) > 0) {
      section.problem("wait", "must be at most 24h");
    }
    return wait;
  }

  private static @Nullable Path path(ConfigSection top, String key, Path folder) {
    return top.text(key)
        .map(text -> folder.resolve(text).toAbsolutePath().normalize())
        .orElse(null);
  }

  /** Whether a text is HOST:PORT with a port that can be connected to. */
  public static boolean isAddress(String text) {
    var matcher = ADDRESS.matcher(text);
    return matcher.matches()
        && Integer.parseInt(matcher.group(1)) >= 1
        && Integer.parseInt(matcher.group(1)) <= 65_535;
  }

  /** Whether a text can be the name of a member. */
  public static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /** How members find each other: alone, list, dns or etcd. */
  public String discovery() {
    if (etcd != null) {
      return "etcd";
    }
    return dns != null ? "dns" : members.isEmpty() ? "alone" : "list";
  }

  /** What a member gives; empty if it isn't on the list. */
  public Optional<MemberTerms> terms(String member) {
    return members.isEmpty()
        ? Optional.of(offer)
        : Optional.ofNullable(members.get(member)).map(Listed::terms);
  }

  /** How many sessions a tenant may have on all members. */
  public int sessionsMax(Tenant tenant) {
    TenantTerms terms = tenants.get(tenant.name());
    Integer own = terms == null ? null : terms.sessions();
    return own == null ? tenant.sessionsMax() : own;
  }

  /** How long a tenant may wait in line. */
  public Duration waitMax(String tenant) {
    TenantTerms terms = tenants.get(tenant);
    Duration own = terms == null ? null : terms.waitMax();
    return own == null ? waitMax : own;
  }

  /** Whether a tenant's sessions may have devices of several members. */
  public boolean maySpan(String tenant) {
    TenantTerms terms = tenants.get(tenant);
    Boolean own = terms == null ? null : terms.span();
    return own == null ? span : own;
  }
}
