// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.DeviceSnapshot;
import io.remora.v1.Welcome;
import java.util.ArrayList;
import java.util.List;

/**
 * Which of a program's servers has something, by its number alone: ordinals and primary contexts
 * count over all servers, other handles say it in bits 48 to 53, and device addresses lie in the
 * slab of one device. Immutable.
 */
final class Numbering {
  /** A program has sessions on so many servers at most. */
  static final int SERVERS_MAX = 64;

  private static final int HOME_SHIFT = 48;

  /** What is no device and no server. */
  private static final int NONE = -1;

  /** Of each server's first device; one more than there are servers, the last is their number. */
  private final int[] firstDevices;

  private final List<DeviceSnapshot> devices;

  private Numbering(int[] firstDevices, List<DeviceSnapshot> devices) {
    this.firstDevices = firstDevices;
    this.devices = List.copyOf(devices);
  }

  /** Of what the servers said of themselves, in their order. */
  static Numbering of(List<Welcome> welcomes) {
    int[] firsts = new int[welcomes.size() + 1];
    List<DeviceSnapshot> all = new ArrayList<>();
    for (int i = 0; i < welcomes.size(); i++) {
      all.addAll(welcomes.get(i).getDevicesList());
      firsts[i + 1] = all.size();
    }
    return new Numbering(firsts, all);
  }

  /** How many servers there are. */
  int servers() {
    return firstDevices.length - 1;
  }

  /** The devices of all servers by ordinal. */
  List<DeviceSnapshot> devices() {
    return devices;
  }

  /** The ordinal of a server's first device, which is its primary context's handle, too. */
  int firstDevice(int server) {
    return firstDevices[server];
  }

  /** The server that has a handle, where a small one is a device's ordinal or primary context. */
  int home(long handle) {
    return Long.compareUnsigned(handle, ClientContext.FIRST_CREATED) < 0
        ? homeOfDevice(handle)
        : (int) (handle >>> HOME_SHIFT) & (SERVERS_MAX - 1);
  }

  /** The server that has a device; the first one for a device that there isn't. */
  private int homeOfDevice(long ordinal) {
    for (int i = 1; i < servers(); i++) {
      if (ordinal >= firstDevices[i] && ordinal < firstDevices[i + 1]) {
        return i;
      }
    }
    return 0;
  }

  /** The device in whose slab an address lies, or -1. */
  int deviceOfAddress(long address) {
    for (int i = 0; i < devices.size(); i++) {
      DeviceSnapshot device = devices.get(i);
      long offset = address - device.getSlabAddress();
      if (Long.compareUnsigned(offset, device.getSlabBytes()) < 0) {
        return i;
      }
    }
    return NONE;
  }

  /** The server that has an address, or -1 for one of no device. */
  int homeOfAddress(long address) {
    int device = deviceOfAddress(address);
    return device < 0 ? NONE : homeOfDevice(device);
  }

  /** The handle with a number of the client's for an object on the server that has another. */
  long near(long number, long other) {
    return number | (long) home(other) << HOME_SHIFT;
  }

  /** Whether two servers have given out the same device addresses. */
  static boolean overlap(Welcome one, Welcome other) {
    return one.getDevicesList().stream()
        .anyMatch(
            each ->
                other.getDevicesList().stream()
                    .anyMatch(more -> reaches(each, more) || reaches(more, each)));
  }

  /** Whether the second device's addresses begin within the first one's. */
  private static boolean reaches(DeviceSnapshot one, DeviceSnapshot other) {
    return other.getSlabBytes() != 0
        && Long.compareUnsigned(other.getSlabAddress() - one.getSlabAddress(), one.getSlabBytes())
            < 0;
  }
}
