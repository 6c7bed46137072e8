// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Answers;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What is asked of a device's use. Belongs to the session's serial executor. */
final class UseCalls {
  private final ClientSession session;

  UseCalls(ClientSession session) {
    this.session = session;
  }

  void deviceUse(SessionCall call, int ordinal) {
    SessionDevice device = session.objects().device(ordinal);
    DeviceUse use =
        session.services().use().of(session.grant().tenant(), device.description().ordinal());
    Answers.remoraDeviceUse(
        call,
        use.busyPercent(),
        use.processes().stream().mapToLong(DeviceUse.Process::id).toArray(),
        use.processes().stream().mapToLong(DeviceUse.Process::bytes).toArray(),
        names(use.processes()),
        use.figures());
  }

  /** Names with a zero byte behind each. */
  private static byte[] names(List<DeviceUse.Process> processes) {
    StringBuilder names = new StringBuilder();
    for (DeviceUse.Process process : processes) {
      names.append(process.name().replace('\0', ' ')).append('\0');
    }
    return names.toString().getBytes(StandardCharsets.UTF_8);
  }
}
