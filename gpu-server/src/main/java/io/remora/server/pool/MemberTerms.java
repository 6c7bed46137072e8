// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.config.ConfigSection;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantClass;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What a member gives to the pool.
 *
 * @param devices ordinals of its devices; empty: all
 * @param sessions how many sessions a device takes at once
 * @param labels what sessions can ask for
 * @param tenants who may be placed there; empty: everybody
 * @param classes what kinds of work it takes, never empty
 */
public record MemberTerms(
    Set<Integer> devices,
    int sessions,
    Map<String, String> labels,
    Set<String> tenants,
    Set<TenantClass> classes) {
  /** How many sessions a device takes if nobody says. */
  public static final int SESSIONS_DEFAULT = 64;

  /** A member that gives all it has to everybody. */
  public static final MemberTerms ALL =
      new MemberTerms(
          Set.of(), SESSIONS_DEFAULT, Map.of(), Set.of(), EnumSet.allOf(TenantClass.class));

  private static final List<String> WORDS =
      Arrays.stream(TenantClass.values())
          .map(each -> each.name().toLowerCase(Locale.ROOT))
          .toList();

  private static final int SESSIONS_MAX = 10_000;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]{0,62}");
  private static final Pattern VALUE = Pattern.compile("[A-Za-z0-9._/-]{1,63}");

  public MemberTerms {
    devices = Set.copyOf(devices);
    labels = Map.copyOf(labels);
    tenants = Set.copyOf(tenants);
    classes = Set.copyOf(classes);
  }

  /** Takes the keys of a member, or of {@code offer}. */
  static MemberTerms read(ConfigSection section) {
    Map<String, String> labels = new TreeMap<>(section.names("labels"));
    labels.forEach(
        (name, value) -> {
          if (!isLabel(name, value)) {
            section.problem("labels", "has '" + name + ": " + value + "'; " + labelForm());
          }
        });
    List<String> tenants = section.texts("tenants");
    for (String tenant : tenants) {
      if (!Tenant.isName(tenant)) {
        section.problem("tenants", "must be names of tenants: " + Tenant.NAME_FORM);
      }
    }
    return new MemberTerms(
        new HashSet<>(section.integers("devices", 0, Tenant.DEVICE_MAX)),
        section.integer("sessions", 1, SESSIONS_MAX, SESSIONS_DEFAULT),
        labels,
        new HashSet<>(tenants),
        classes(section));
  }

  private static Set<TenantClass> classes(ConfigSection section) {
    Set<TenantClass> classes = EnumSet.noneOf(TenantClass.class);
    for (String word : section.texts("classes")) {
      Arrays.stream(TenantClass.values())
          .filter(each -> word(each).equals(word))
          .findFirst()
          .ifPresentOrElse(
              classes::add,
              () -> section.problem("classes", "must be some of latency, normal, batch"));
    }
    return classes.isEmpty() ? EnumSet.allOf(TenantClass.class) : classes;
  }

  /** Whether a label can have this name and value. */
  static boolean isLabel(String name, String value) {
    return NAME.matcher(name).matches() && VALUE.matcher(value).matches();
  }

  static String labelForm() {
    return "labels are letters, digits, dots, dashes, slashes and underscores, at most 63 of them";
  }

  /** A class as it is written. */
  public static String word(TenantClass tenantClass) {
    return WORDS.get(tenantClass.ordinal());
  }
}
