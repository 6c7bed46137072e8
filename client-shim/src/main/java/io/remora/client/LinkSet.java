// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The inputs of one link, and the image that is made of them: a fatbin with an entry for each, see
 * docs/protocol.md. Any thread may use it, one at a time.
 */
final class LinkSet {
  private static final int FATBIN_MAGIC = 0xba55ed50;
  private static final int FATBIN_HEADER_BYTES = 16;
  private static final int ENTRY_HEADER_BYTES = 64;
  private static final short KIND_LINK_INPUT = 0x5250;
  private static final short ENTRY_VERSION = 0x0101;
  private static final int ALIGNMENT = 8;
  private static final int NAME_BYTES_MAX = 1024;

  private final JitOptions options;
  private final List<Input> inputs = new ArrayList<>();
  private long bytes = FATBIN_HEADER_BYTES;

  private record Input(byte[] name, byte[] image) {
    int headerBytes() {
      return ENTRY_HEADER_BYTES + aligned(name.length);
    }
  }

  LinkSet(JitOptions options) {
    this.options = options;
  }

  JitOptions options() {
    return options;
  }

  /**
   * Adds an input.
   *
   * @return false if all inputs together would be longer than an image can be
   */
  synchronized boolean add(String name, byte[] image) {
    byte[] shown = name.getBytes(StandardCharsets.UTF_8);
    if (shown.length > NAME_BYTES_MAX) {
      shown = java.util.Arrays.copyOf(shown, NAME_BYTES_MAX);
    }
    Input input = new Input(shown, image);
    long more = (long) input.headerBytes() + image.length + ALIGNMENT;
    if (bytes + more > Integer.MAX_VALUE) {
      return false;
    }
    bytes += more;
    inputs.add(input);
    return true;
  }

  synchronized boolean isEmpty() {
    return inputs.isEmpty();
  }

  /** The image. */
  synchronized byte[] image() {
    int body = 0;
    for (Input input : inputs) {
      body += input.headerBytes() + aligned(input.image.length);
    }
    ByteBuffer out = ByteBuffer.allocate(FATBIN_HEADER_BYTES + body).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(FATBIN_MAGIC).putShort((short) 1).putShort((short) FATBIN_HEADER_BYTES);
    out.putLong(body);
    for (Input input : inputs) {
      int at = out.position();
      int payloadAt = at + input.headerBytes();
      out.putShort(at, KIND_LINK_INPUT).putShort(at + 2, ENTRY_VERSION);
      out.putInt(at + 4, input.headerBytes());
      out.putLong(at + 8, aligned(input.image.length));
      out.putInt(at + 32, ENTRY_HEADER_BYTES).putInt(at + 36, input.name.length);
      out.putLong(at + 56, input.image.length);
      out.put(at + ENTRY_HEADER_BYTES, input.name);
      out.put(payloadAt, input.image);
      out.position(payloadAt + aligned(input.image.length));
    }
    return out.array();
  }

  private static int aligned(int length) {
    return (length + ALIGNMENT - 1) & -ALIGNMENT;
  }
}
