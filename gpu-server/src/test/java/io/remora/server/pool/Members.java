// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.server.tenant.TenantClass;
import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** States and demands for tests. */
final class Members {
  static final long GIB = 1L << 30;

  private Members() {}

  static MemberDevice device(int ordinal, int sessions, long takenBytes, double busy) {
    return MemberDevice.newBuilder()
        .setOrdinal(ordinal)
        .setMemoryBytes(8 * GIB)
        .setTakenBytes(takenBytes)
        .setSessions(sessions)
        .setSessionsMax(4)
        .setBusy(busy)
        .build();
  }

  static MemberState.Builder member(String name, MemberDevice... devices) {
    return MemberState.newBuilder()
        .setPool("p")
        .setName(name)
        .setServer(name + ":7443")
        .setIncarnation("1")
        .setServing(true)
        .addAllClasses(List.of("latency", "normal", "batch"))
        .addAllDevices(List.of(devices));
  }

  static Demand demand(int devices, long memoryBytes) {
    return demand("alice", devices, memoryBytes, Map.of(), Policy.LEAST_LOADED, Duration.ZERO);
  }

  static Demand demand(
      String tenant,
      int devices,
      long memoryBytes,
      Map<String, String> labels,
      Policy policy,
      Duration wait) {
    return new Demand(
        tenant,
        TenantClass.NORMAL,
        devices,
        memoryBytes,
        labels,
        policy,
        wait,
        100,
        Set.of(),
        false);
  }
}
