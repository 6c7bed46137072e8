// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.Connection.Shared;
import io.remora.client.ConnectionException.Reason;
import io.remora.v1.AddressRange;
import io.remora.v1.DeviceSnapshot;
import io.remora.v1.MachinePart;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Opens a program's sessions, one after the other: on all servers that it was granted, or none. */
final class ServersOpening implements AutoCloseable {
  private final List<Connection> opened = new ArrayList<>();
  private @Nullable Shared shared;

  /** A session on each server. */
  static Servers open(List<ConnectionSettings> settings) throws ConnectionException {
    if (settings.isEmpty() || settings.size() > Numbering.SERVERS_MAX) {
      throw new IllegalArgumentException(
          "a program has sessions on 1 to " + Numbering.SERVERS_MAX + " servers");
    }
    try (ServersOpening opening = new ServersOpening()) {
      for (ConnectionSettings each : settings) {
        opening.add(each);
      }
      return opening.finish();
    }
  }

  /**
   * Opens one more session.
   *
   * @throws ConnectionException that says what to do
   */
  void add(ConnectionSettings settings) throws ConnectionException {
    Shared common = shared == null ? Shared.of(settings) : shared;
    shared = common;
    Connection next = Connection.open(settings, part(), common);
    opened.add(next);
    for (Connection before : opened.subList(0, opened.size() - 1)) {
      // An address must say whose it is.
      if (Numbering.overlap(before.welcome(), next.welcome())) {
        throw new ConnectionException(
            Reason.REFUSED,
            "The servers "
                + before.server()
                + " and "
                + next.server()
                + " have given the same device addresses, so their devices can't be one machine:"
                + " ask for devices of one server.",
            null);
      }
    }
  }

  /** What the next session must know of those before it. */
  private MachinePart part() {
    MachinePart.Builder part = MachinePart.newBuilder().setIndex(opened.size());
    int devices = 0;
    for (Connection before : opened) {
      devices += before.welcome().getDevicesCount();
      for (DeviceSnapshot device : before.welcome().getDevicesList()) {
        if (device.getSlabBytes() != 0) {
          part.addTaken(
              AddressRange.newBuilder()
                  .setAddress(device.getSlabAddress())
                  .setBytes(device.getSlabBytes()));
        }
      }
    }
    return part.setFirstDevice(devices).build();
  }

  /** The sessions that were opened, at least one; they are the caller's. */
  Servers finish() {
    Shared common = shared;
    if (common == null) {
      throw new IllegalStateException("no session was opened");
    }
    Servers servers = new Servers(opened, common.functions());
    opened.clear();
    return servers;
  }

  /** Ends the sessions that nobody has got. */
  @Override
  public void close() {
    opened.forEach(Connection::close);
  }
}
