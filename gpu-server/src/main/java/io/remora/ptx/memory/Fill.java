// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

/** Pattern fills at host addresses. */
final class Fill {
  private static final long PIECE_BYTES = 1 << 20;

  private Fill() {}

  static void fill(long host, int pattern, int patternBytes, long count) {
    int wide = widen(pattern, patternBytes);
    if (wide == (wide & 0xff) * 0x01010101) {
      fillBytes(host, (byte) wide, count * patternBytes);
      return;
    }
    long bytes = count * patternBytes;
    // The first piece is written by hand, then doubled: copying runs at memory speed.
    long seed = Math.min(bytes, PIECE_BYTES);
    for (long done = 0; done < seed; done += patternBytes) {
      if (patternBytes == 4) {
        Raw.UNSAFE.putInt(host + done, wide);
      } else {
        Raw.UNSAFE.putShort(host + done, (short) wide);
      }
    }
    for (long done = seed; done < bytes; done += seed) {
      Raw.UNSAFE.copyMemory(host, host + done, Math.min(seed, bytes - done));
    }
  }

  private static int widen(int pattern, int patternBytes) {
    return switch (patternBytes) {
      case 1 -> (pattern & 0xff) * 0x01010101;
      case 2 -> (pattern & 0xffff) * 0x00010001;
      default -> pattern;
    };
  }

  private static void fillBytes(long host, byte value, long bytes) {
    for (long done = 0; done < bytes; done += PIECE_BYTES) {
      Raw.UNSAFE.setMemory(host + done, Math.min(PIECE_BYTES, bytes - done), value);
    }
  }
}
