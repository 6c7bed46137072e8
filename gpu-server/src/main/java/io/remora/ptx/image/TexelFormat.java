// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

import io.remora.ptx.math.Half;
import io.remora.ptx.memory.Access;
import io.remora.ptx.memory.DeviceMemory;

/**
 * What one texel is.
 *
 * @param channel type of each channel
 * @param channels 1, 2 or 4
 */
public record TexelFormat(Channel channel, int channels) {
  /** Types of channels. */
  public enum Channel {
    U8(1, false, 0x10da),
    S8(1, true, 0x10d7),
    U16(2, false, 0x10db),
    S16(2, true, 0x10d8),
    U32(4, false, 0x10dc),
    S32(4, true, 0x10d9),
    F16(2, true, 0x10dd),
    F32(4, true, 0x10de);

    private final int bytes;
    private final boolean signed;
    private final int queried;

    Channel(int bytes, boolean signed, int queried) {
      this.bytes = bytes;
      this.signed = signed;
      this.queried = queried;
    }

    /** Bytes in memory. */
    public int bytes() {
      return bytes;
    }

    /** Whether values may be negative. */
    public boolean isSigned() {
      return signed;
    }

    /** Whether values are numbers of floating point. */
    public boolean isFloat() {
      return this == F16 || this == F32;
    }

    /** Whether integers can be read as fractions of the largest: those of 8 and 16 bits. */
    public boolean isNormalizable() {
      return !isFloat() && bytes < 4;
    }
  }

  /** Checks the number of channels. */
  public TexelFormat {
    if (channels != 1 && channels != 2 && channels != 4) {
      throw new IllegalArgumentException("texels have 1, 2 or 4 channels, not " + channels);
    }
  }

  /** Bytes of a texel. */
  public int bytes() {
    return channel.bytes * channels;
  }

  /** What {@code txq.channel_data_type} answers; {@code fractions} if integers are read as such. */
  int queriedType(boolean fractions) {
    return switch (channel) {
      case S8 -> fractions ? 0x10d0 : channel.queried;
      case S16 -> fractions ? 0x10d1 : channel.queried;
      case U8 -> fractions ? 0x10d2 : channel.queried;
      case U16 -> fractions ? 0x10d3 : channel.queried;
      default -> channel.queried;
    };
  }

  /** What {@code txq.channel_order} answers: R, RG or RGBA. */
  int queriedOrder() {
    return channels == 1 ? 0x10b0 : channels == 2 ? 0x10b2 : 0x10b5;
  }

  /** Reads one channel of the texel at an address: an integer, or the bits of a float. */
  int load(DeviceMemory memory, long texel, int index) {
    long address = texel + (long) index * channel.bytes;
    return switch (channel) {
      case U8 -> Access.loadByte(memory, address) & 0xff;
      case S8 -> (byte) Access.loadByte(memory, address);
      case U16 -> Access.loadShort(memory, address) & 0xffff;
      case S16 -> (short) Access.loadShort(memory, address);
      case F16 -> Float.floatToRawIntBits(Half.toFloat(Access.loadShort(memory, address) & 0xffff));
      case U32, S32, F32 -> Access.loadInt(memory, address);
    };
  }

  /** Writes one channel: an integer, which is brought into range, or the bits of a float. */
  void store(DeviceMemory memory, long texel, int index, int value) {
    long address = texel + (long) index * channel.bytes;
    switch (channel) {
      case U8 -> Access.storeByte(memory, address, value < 0 ? 0xff : Math.min(value, 0xff));
      case S8 -> Access.storeByte(memory, address, Math.max(-0x80, Math.min(value, 0x7f)));
      case U16 -> Access.storeShort(memory, address, value < 0 ? 0xffff : Math.min(value, 0xffff));
      case S16 -> Access.storeShort(memory, address, Math.max(-0x8000, Math.min(value, 0x7fff)));
      case F16 -> Access.storeShort(memory, address, Half.fromFloat(Float.intBitsToFloat(value)));
      case U32, S32, F32 -> Access.storeInt(memory, address, value);
    }
  }

  /** What an integer that was read means as a fraction. */
  float fraction(int value) {
    return switch (channel) {
      case U8 -> value / 255f;
      case S8 -> Math.max(value / 127f, -1f);
      case U16 -> value / 65535f;
      case S16 -> Math.max(value / 32767f, -1f);
      default -> Float.intBitsToFloat(value);
    };
  }
}
