// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.config.ByteSize;
import io.remora.v1.DeviceMode;
import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Whether a member could ever take a session, and which of its devices can take it now. */
final class Fitness {
  private Fitness() {}

  /**
   * Why a member will never do.
   *
   * @param step how many things were right before this one
   */
  record Never(int step, String why) {
    static Optional<Never> of(int step, String why) {
      return Optional.of(new Never(step, why));
    }
  }

  /** Why a member will never take a session, even if it were empty. */
  static Optional<Never> whyNever(MemberState member, Demand demand) {
    for (Map.Entry<String, String> label : demand.labels().entrySet()) {
      if (!label.getValue().equals(member.getLabelsMap().get(label.getKey()))) {
        return Never.of(0, "no member has the label " + label.getKey() + "=" + label.getValue());
      }
    }
    String tenantClass = MemberTerms.word(demand.tenantClass());
    if (!member.getClassesList().contains(tenantClass)) {
      return Never.of(1, "no member with these labels takes work of class " + tenantClass);
    }
    if (member.getTenantsCount() > 0 && !member.getTenantsList().contains(demand.tenant())) {
      return Never.of(2, "no member with these labels is for tenant '" + demand.tenant() + "'");
    }
    if (member.getDevicesCount() < demand.devices()) {
      return Never.of(
          3,
          "no member that may be used has "
              + demand.devices()
              + " devices: this session lies on one server, so ask for fewer (--gpus)");
    }
    if (large(member, demand) < demand.devices()) {
      return Never.of(
          4,
          "no member that may be used has "
              + demand.devices()
              + " devices of "
              + ByteSize.format(demand.memoryBytes()));
    }
    return Optional.empty();
  }

  /** How many devices of a member are as large as a session wants them. */
  static int large(MemberState member, Demand demand) {
    return (int)
        member.getDevicesList().stream()
            .filter(each -> each.getMemoryBytes() >= demand.memoryBytes())
            .count();
  }

  /** Whether a device can take one more session. */
  static boolean hasRoom(MemberDevice device, long memoryBytes) {
    return device.getMode() == DeviceMode.SERVING
        && device.getTrouble().isEmpty()
        && device.getSessions() < device.getSessionsMax()
        && device.getMemoryBytes() - device.getTakenBytes() >= memoryBytes;
  }

  /** The devices of a member that can take the session; fewer than it wants if it can't. */
  static List<MemberDevice> room(MemberState member, Demand demand) {
    return member.getDevicesList().stream()
        .filter(each -> hasRoom(each, demand.memoryBytes()))
        .toList();
  }
}
