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
  /** Labels, class, tenants, number of devices, and their size. */
  private static final int STEPS = 5;

  private Fitness() {}

  /**
   * Why a member will never do.
   *
   * @param step how many things were right before this one
   */
  record Never(int step, String why) {}

  /** Whether a member could take a session if it were empty. */
  static boolean isFit(MemberState member, Demand demand) {
    return right(member, demand) == STEPS;
  }

  /** Why a member will never take a session, even if it were empty. */
  static Optional<Never> whyNever(MemberState member, Demand demand) {
    int step = right(member, demand);
    return step == STEPS
        ? Optional.empty()
        : Optional.of(new Never(step, why(step, member, demand)));
  }

  /** How many things are right about a member, in the order in which a refusal names them. */
  static int right(MemberState member, Demand demand) {
    if (!demand.labels().isEmpty() && wrongLabel(member, demand).isPresent()) {
      return 0;
    }
    if (!member.getClassesList().contains(MemberTerms.word(demand.tenantClass()))) {
      return 1;
    }
    if (member.getTenantsCount() > 0 && !member.getTenantsList().contains(demand.tenant())) {
      return 2;
    }
    if (member.getDevicesCount() < demand.devices()) {
      return 3;
    }
    return large(member, demand) < demand.devices() ? 4 : STEPS;
  }

  private static Optional<Map.Entry<String, String>> wrongLabel(MemberState member, Demand demand) {
    for (Map.Entry<String, String> label : demand.labels().entrySet()) {
      if (!label.getValue().equals(member.getLabelsMap().get(label.getKey()))) {
        return Optional.of(label);
      }
    }
    return Optional.empty();
  }

  private static String why(int step, MemberState member, Demand demand) {
    return switch (step) {
      case 0 ->
          "no member has the label "
              + wrongLabel(member, demand)
                  .map(each -> each.getKey() + "=" + each.getValue())
                  .orElseThrow();
      case 1 ->
          "no member with these labels takes work of class "
              + MemberTerms.word(demand.tenantClass());
      case 2 -> "no member with these labels is for tenant '" + demand.tenant() + "'";
      case 3 ->
          "no member that may be used has "
              + demand.devices()
              + " devices: this session lies on one server, so ask for fewer (--gpus)";
      default ->
          "no member that may be used has "
              + demand.devices()
              + " devices of "
              + ByteSize.format(demand.memoryBytes());
    };
  }

  /** How many devices of a member are as large as a session wants them. */
  static int large(MemberState member, Demand demand) {
    int large = 0;
    for (MemberDevice device : member.getDevicesList()) {
      large += device.getMemoryBytes() >= demand.memoryBytes() ? 1 : 0;
    }
    return large;
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
