// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import java.util.Map;

/**
 * What a device says of itself.
 *
 * @param ordinal position in {@link Driver#devices()}
 * @param name as {@code cuDeviceGetName}
 * @param uuid 32 hexadecimal digits
 * @param totalMemoryBytes physical memory that sessions can be given
 * @param attributes {@code CUdevice_attribute} value to attribute value, all that the device knows
 * @param pciBusId e.g. {@code 0000:01:00.0}
 * @param streamPriorityLeast numerically greatest priority
 * @param streamPriorityGreatest numerically least priority
 * @param limits {@code CUlimit} value to the value in a new context
 */
public record DeviceDescription(
    int ordinal,
    String name,
    String uuid,
    long totalMemoryBytes,
    Map<Integer, Integer> attributes,
    String pciBusId,
    int streamPriorityLeast,
    int streamPriorityGreatest,
    Map<Integer, Long> limits) {
  public DeviceDescription {
    attributes = Map.copyOf(attributes);
    limits = Map.copyOf(limits);
  }
}
