// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.memory.Access;
import io.remora.ptx.memory.DeviceMemory;
import java.nio.charset.StandardCharsets;

/** Reads NUL-terminated text from device memory, a character for each byte. */
final class DeviceText {
  private static final int MAX_BYTES = 64 << 10;

  private DeviceText() {}

  static String read(DeviceMemory memory, long address) {
    var bytes = new java.io.ByteArrayOutputStream();
    for (int i = 0; i < MAX_BYTES; i++) {
      int value = Access.loadByte(memory, address + i);
      if (value == 0) {
        break;
      }
      bytes.write(value);
    }
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }
}
