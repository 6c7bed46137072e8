// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.config.ByteSize;
import io.remora.config.Durations;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantClass;
import io.remora.v1.PlaceRequest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a session wants.
 *
 * @param tenant whose it is
 * @param tenantClass the kind of work that the member must take
 * @param devices how many, at least 1
 * @param memoryBytes free on each of them
 * @param labels that the member must have
 * @param policy which member gets it
 * @param waitTime how long it waits in line
 * @param tenantSessionsMax how many sessions its tenant may have in the pool
 * @param avoid members that it doesn't want
 * @param span whether the devices may be of several members, if no single one has room for all
 */
public record Demand(
    String tenant,
    TenantClass tenantClass,
    int devices,
    long memoryBytes,
    Map<String, String> labels,
    Policy policy,
    Duration waitTime,
    int tenantSessionsMax,
    Set<String> avoid,
    boolean span) {
  private static final int DEVICES_MAX = 256;
  private static final int LABELS_MAX = 32;
  private static final int AVOID_MAX = 64;

  public Demand {
    labels = Map.copyOf(labels);
    avoid = Set.copyOf(avoid);
  }

  /**
   * Reads what a client asks for.
   *
   * @throws IllegalArgumentException if it can't be understood, or isn't the tenant's to ask for;
   *     the message is for the user
   */
  public static Demand of(PlaceRequest request, Tenant tenant, PoolFile pool) {
    if (request.getAvoidCount() > AVOID_MAX) {
      throw new IllegalArgumentException("at most " + AVOID_MAX + " members can be avoided");
    }
    return new Demand(
        tenant.name(),
        tenantClass(request.getTenantClass(), tenant),
        devices(request.getGpus()),
        memory(request.getMemory()),
        labels(request.getLabels()),
        policy(request.getPolicy(), pool.policy()),
        wait(request.getWait(), pool.waitMax(tenant.name())),
        pool.sessionsMax(tenant),
        new HashSet<>(request.getAvoidList()),
        request.getSeveralServers() && pool.maySpan(tenant.name()));
  }

  /** The same for so many devices of one member. */
  Demand part(int number) {
    return new Demand(
        tenant,
        tenantClass,
        number,
        memoryBytes,
        labels,
        policy,
        waitTime,
        tenantSessionsMax,
        avoid,
        false);
  }

  /** What a member must have to be of any use. */
  Demand least() {
    return span ? part(1) : this;
  }

  private static int devices(String text) {
    if (text.isBlank()) {
      return 1;
    }
    try {
      int number = Integer.parseInt(text.strip());
      if (number >= 1 && number <= DEVICES_MAX) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException(
        "the number of GPUs (--gpus, REMORA_GPUS) must be from 1 to "
            + DEVICES_MAX
            + ", not '"
            + text
            + "'");
  }

  private static long memory(String text) {
    return text.isBlank()
        ? 0
        : ByteSize.parse(text)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the memory (--memory, REMORA_MEMORY) must be "
                            + ByteSize.FORMS
                            + ", not '"
                            + text
                            + "'"));
  }

  private static TenantClass tenantClass(String text, Tenant tenant) {
    if (text.isBlank()) {
      return tenant.tenantClass();
    }
    TenantClass wanted =
        Arrays.stream(TenantClass.values())
            .filter(each -> MemberTerms.word(each).equals(text.strip()))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the class (--class, REMORA_CLASS) must be latency, normal or batch, not '"
                            + text
                            + "'"));
    if (wanted.compareTo(tenant.tenantClass()) < 0) {
      throw new IllegalArgumentException(
          "tenant '"
              + tenant.name()
              + "' is of class "
              + MemberTerms.word(tenant.tenantClass())
              + " and can't ask for "
              + MemberTerms.word(wanted)
              + ": leave the class out, or ask the operator for `remora tenant set --class`");
    }
    return wanted;
  }

  private static Map<String, String> labels(String text) {
    Map<String, String> labels = new TreeMap<>();
    if (text.isBlank()) {
      return labels;
    }
    for (String each : text.split(",", -1)) {
      int equals = each.indexOf('=');
      String name = equals < 0 ? "" : each.substring(0, equals).strip();
      String value = equals < 0 ? "" : each.substring(equals + 1).strip();
      if (!MemberTerms.isLabel(name, value) || labels.putIfAbsent(name, value) != null) {
        throw new IllegalArgumentException(
            "labels (--label, REMORA_LABELS) must be NAME=VALUE,NAME=VALUE with each name once, not"
                + " '"
                + text
                + "'");
      }
    }
    if (labels.size() > LABELS_MAX) {
      throw new IllegalArgumentException("at most " + LABELS_MAX + " labels can be asked for");
    }
    return labels;
  }

  private static Policy policy(String text, Policy usual) {
    return text.isBlank()
        ? usual
        : Policy.of(text.strip())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the policy (--policy, REMORA_POLICY) must be one of "
                            + String.join(", ", Policy.words())
                            + ", not '"
                            + text
                            + "'"));
  }

  private static Duration wait(String text, Duration most) {
    if (text.isBlank()) {
      return most;
    }
    Duration wanted =
        Durations.parse(text)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the time to wait (--wait, REMORA_WAIT) must be "
                            + Durations.FORMS
                            + ", not '"
                            + text
                            + "'"));
    return wanted.compareTo(most) < 0 ? wanted : most;
  }
}
