// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.driver.DomainImage.UsedHeap;
import io.remora.v1.SessionImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A session at rest, ready to be carried to another server. Good until its carrier is done. */
public final class Cargo {
  private final SessionImage image;
  private final Map<ByteString, ByteBuffer> modules;
  private final List<SessionDevice> devices;

  Cargo(SessionImage image, Map<ByteString, ByteBuffer> modules, List<SessionDevice> devices) {
    this.image = image;
    this.modules = modules;
    this.devices = devices;
  }

  /** All but modules and memory. */
  public SessionImage image() {
    return image;
  }

  /** Hashes of the images from which modules were loaded. */
  public Set<ByteString> modules() {
    return modules.keySet();
  }

  /** The image with a hash. */
  public ByteBuffer module(ByteString sha256) {
    ByteBuffer module = modules.get(sha256);
    if (module == null) {
      throw new IllegalArgumentException("the session has no such module");
    }
    return module.duplicate();
  }

  /** Bytes of memory in all ranges. */
  public long memoryBytes() {
    return image.getDevicesList().stream()
        .flatMap(each -> ranges(each).stream())
        .mapToLong(SessionImage.Range::getBytes)
        .sum();
  }

  /**
   * Ranges of a device's memory whose contents travel, in their order: those that are backed, and
   * what kernels have from {@code malloc}.
   *
   * @throws IllegalArgumentException if there can't be such a heap
   */
  public static List<SessionImage.Range> ranges(SessionImage.Device device) {
    UsedHeap heap = DomainStates.usedHeap(device.getDomain());
    if (heap == null || heap.bytes() == 0) {
      return device.getBackedList();
    }
    List<SessionImage.Range> ranges = new ArrayList<>(device.getBackedList());
    ranges.add(
        SessionImage.Range.newBuilder().setStart(heap.start()).setBytes(heap.bytes()).build());
    return ranges;
  }

  /**
   * Reads memory of one of the ranges.
   *
   * @param device as the client numbers it
   * @param into its remaining bytes are filled
   * @throws io.remora.server.driver.DriverException if the device doesn't give it
   */
  public void read(int device, long address, ByteBuffer into) {
    devices.get(device).residency().read(address, into);
  }
}
