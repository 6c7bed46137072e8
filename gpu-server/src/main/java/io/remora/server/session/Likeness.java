// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.session.generated.Calls;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.SessionImage;
import io.remora.v1.Welcome;
import io.remora.wire.WireLimits;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Whether what a client was told by another server is true here, too. */
final class Likeness {
  private static final int ID_CHARS = 16;

  private Likeness() {}

  /**
   * Chooses the devices for a session that comes, in the order in which its client numbers them.
   *
   * @throws Unmovable if something that the client was told isn't true here
   */
  static List<DeviceDescription> choose(ClientSession session, SessionImage image) {
    Welcome told = image.getTold();
    check(session, image, told);
    List<DeviceDescription> free = new ArrayList<>();
    for (DeviceDescription device : session.services().driver().devices()) {
      if (session.grant().allows(device.ordinal())) {
        free.add(device);
      }
    }
    List<DeviceDescription> chosen = new ArrayList<>();
    for (DeviceSnapshot known : told.getDevicesList()) {
      DeviceDescription like =
          free.stream()
              .filter(each -> isLike(session, known, each))
              .findFirst()
              .orElseThrow(
                  () ->
                      new Unmovable(
                          "it has no device like "
                              + known.getName()
                              + ", and the program knows what that can do"));
      free.remove(like);
      chosen.add(like);
    }
    return chosen;
  }

  private static void check(ClientSession session, SessionImage image, Welcome told) {
    require(SessionFormats.isKnown(image.getFormat()), "it is of another version");
    require(
        Math.abs((long) told.getProtocolVersion() - Handshake.PROTOCOL_VERSION) <= 1,
        "its version is more than one apart");
    require(
        told.getSessionId().equals(image.getId()) && isId(image.getId()),
        "the session has no id that can be");
    require(
        image.getTenant().equals(session.grant().tenant())
            && told.getTenant().equals(image.getTenant()),
        "the session is another tenant's");
    require(
        told.getDevicesCount() > 0 && told.getDevicesCount() == image.getDevicesCount(),
        "the session has other devices than its client knows");
    require(
        told.getDriverVersion() == session.services().driver().driverVersion(),
        "its driver is of another version");
    BitSet calls = BitSet.valueOf(told.getSupportedCalls().toByteArray());
    calls.andNot(BitSet.valueOf(Calls.supportedCalls()));
    require(calls.isEmpty(), "it doesn't know all calls that the client may make");
    SessionLimits limits = session.services().limits();
    require(
        told.getWindowCalls() <= limits.windowCalls()
            && told.getWindowBytes() <= limits.windowBytes()
            && told.getChunkBytesMax() <= WireLimits.CHUNK_BYTES_MAX
            && told.getFrameBytesMax() <= WireLimits.FRAME_BYTES_MAX,
        "it takes less at once than the client may send");
  }

  private static boolean isId(String id) {
    return id.length() == ID_CHARS && id.chars().allMatch(each -> Character.digit(each, 16) >= 0);
  }

  private static boolean isLike(
      ClientSession session, DeviceSnapshot known, DeviceDescription device) {
    return known.getKind().equals(session.services().driver().kind())
        && SessionDevice.what(known.getAttributesMap()).equals(SessionDevice.what(device))
        && known.getLimitsMap().equals(device.limits())
        && known.getTotalMemoryBytes() == session.totalMemoryBytes(device)
        && known.getStreamPriorityLeast() == device.streamPriorityLeast()
        && known.getStreamPriorityGreatest() == device.streamPriorityGreatest();
  }

  private static void require(boolean right, String why) {
    if (!right) {
      throw new Unmovable(why);
    }
  }
}
