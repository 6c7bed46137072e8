// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** What the kernels on packed bytes and bit fields in {@code integers.cu} must give. */
final class PackedReference {
  private PackedReference() {}

  static int bytes(int[] in, int index) {
    int i = index / 4;
    int a = in[2 * i];
    int b = in[2 * i + 1];
    int result = index % 4 == 2 ? i : 0;
    for (int lane = 0; lane < 4; lane++) {
      int x = a >>> 8 * lane & 255;
      int y = b >>> 8 * lane & 255;
      result +=
          switch (index % 4) {
            case 0 -> (x + y & 255) << 8 * lane;
            case 1 -> Math.abs(x - y) << 8 * lane;
            case 2 -> (byte) x * (byte) y;
            default -> 0;
          };
    }
    return index % 4 == 3 ? halves(a, b) : result;
  }

  private static int halves(int a, int b) {
    return Math.max(a >> 16, b >> 16) << 16 | Math.max((short) a, (short) b) & 0xffff;
  }

  static int fields(int[] in, int index) {
    int i = index / 4;
    int a = in[2 * i];
    int b = in[2 * i + 1];
    return switch (index % 4) {
      case 0 -> (int) (((long) b << 32 | a & 0xffff_ffffL) << (i & 31) >>> 32);
      case 1 -> permuted(a, b, 0x5140 + (i & 7));
      case 2 ->
          Integer.reverse(a)
              ^ Integer.numberOfLeadingZeros(b)
              ^ ((a & b) == 0 ? 0 : Integer.numberOfTrailingZeros(a & b) + 1);
      default -> a << 5 >> 17;
    };
  }

  private static int permuted(int a, int b, int selector) {
    long all = (long) b << 32 | a & 0xffff_ffffL;
    int result = 0;
    for (int lane = 0; lane < 4; lane++) {
      int chosen = selector >> 4 * lane & 7;
      result |= (int) (all >>> 8 * chosen & 255) << 8 * lane;
    }
    return result;
  }
}
