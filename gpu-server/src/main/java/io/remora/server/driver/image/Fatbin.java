// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.image;

import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the container in which nvcc keeps a program's PTX and machine code. Its layout is not
 * documented; this is what nvcc 13.0 writes. The bytes come from a client: every length is checked.
 *
 * <p>Header, 16 bytes: magic, version (u16), header size (u16), body size (u64). Entry header, 64
 * bytes and extensions: kind (u16), u16, header size (u32), padded payload size (u64), compressed
 * size (u32), u32, minor and major version (u16 each), SM number (u32), offset and length of a name
 * (u32 each), flags (u64), u64, uncompressed size (u64).
 *
 * <p>Clients of Remora make fatbins of one kind more, for what {@code cuLinkComplete} gives: every
 * entry of {@link #KIND_LINK_INPUT} is an image of its own, and all of them are one program.
 */
public final class Fatbin {
  public static final int MAGIC = 0xba55ed50;

  /** An image to be linked with the others of its kind; see docs/protocol.md. */
  public static final int KIND_LINK_INPUT = 0x5250;

  private static final int HEADER_BYTES = 16;
  private static final int ENTRY_HEADER_BYTES = 64;
  private static final int ENTRIES_MAX = 4096;
  private static final int NAME_BYTES_MAX = 4096;
  private static final int KIND_PTX = 1;
  private static final int KIND_CUBIN = 2;
  private static final int KIND_LTO = 8;
  private static final long FLAG_LZ4 = 0x2000;
  private static final long FLAG_ZSTD = 0x8000;

  /** Code for one GPU only (compute_90a). */
  private static final long FLAG_ONE_GPU = 0x100000;

  /** Code for the GPUs of one family (compute_100f): the same major version, and not older. */
  private static final long FLAG_FAMILY = 0x200000;

  /** The most that LZ4 and ZSTD can make of one byte: a header that says more is a lie. */
  private static final long LZ4_RATIO_MAX = 255;

  private static final long ZSTD_RATIO_MAX = 128 << 10;
  private static final long RATIO_SLACK_BYTES = 1024;

  private record Entry(
      int kind, int architecture, long flags, int compressed, long plain, ByteBuffer payload) {}

  /** An image among several that make one program. */
  public record LinkInput(String name, ByteBuffer image) {}

  private final List<Entry> entries = new ArrayList<>();
  private final List<LinkInput> linkInputs = new ArrayList<>();
  private final int bytes;

  /**
   * @param image starts with the header; byte order and position are left alone
   */
  public Fatbin(ByteBuffer image) {
    ByteBuffer all = image.slice().order(ByteOrder.LITTLE_ENDIAN);
    require(all.remaining() >= HEADER_BYTES, "the header is cut off");
    int headerBytes = Short.toUnsignedInt(all.getShort(6));
    long bodyBytes = all.getLong(8);
    require(
        headerBytes >= HEADER_BYTES && headerBytes <= all.remaining(),
        "header of " + headerBytes + " bytes");
    require(
        bodyBytes >= 0 && bodyBytes <= all.remaining() - headerBytes,
        "it says " + bodyBytes + " bytes and has " + (all.remaining() - headerBytes));
    this.bytes = headerBytes + (int) bodyBytes;
    readEntries(all.slice(headerBytes, (int) bodyBytes).order(ByteOrder.LITTLE_ENDIAN));
  }

  /** Length of the whole container. */
  public int bytes() {
    return bytes;
  }

  private void readEntries(ByteBuffer body) {
    int at = 0;
    while (body.limit() - at >= ENTRY_HEADER_BYTES) {
      int rest = body.limit() - at;
      long headerBytes = Integer.toUnsignedLong(body.getInt(at + 4));
      long payloadBytes = body.getLong(at + 8);
      require(
          headerBytes >= ENTRY_HEADER_BYTES && headerBytes <= rest,
          "entry header of " + headerBytes + " bytes");
      require(
          payloadBytes >= 0 && payloadBytes <= rest - headerBytes,
          "entry of " + payloadBytes + " bytes where " + (rest - headerBytes) + " are left");
      require(entries.size() + linkInputs.size() < ENTRIES_MAX, "more than 4096 entries");
      readEntry(
          body.slice(at, (int) headerBytes),
          body.slice(at + (int) headerBytes, (int) payloadBytes));
      at += (int) (headerBytes + payloadBytes);
    }
  }

  private void readEntry(ByteBuffer given, ByteBuffer payload) {
    ByteBuffer header = given.order(ByteOrder.LITTLE_ENDIAN);
    int kind = Short.toUnsignedInt(header.getShort(0));
    if (kind == KIND_LINK_INPUT) {
      long bytes = header.getLong(56);
      require(bytes > 0 && bytes <= payload.remaining(), "link input of " + bytes + " bytes");
      linkInputs.add(new LinkInput(name(header), payload.slice(0, (int) bytes)));
    } else {
      entries.add(
          new Entry(
              kind,
              header.getInt(28),
              header.getLong(40),
              header.getInt(16),
              header.getLong(56),
              payload));
    }
  }

  private String name(ByteBuffer header) {
    long offset = Integer.toUnsignedLong(header.getInt(32));
    long length = Integer.toUnsignedLong(header.getInt(36));
    require(
        length <= NAME_BYTES_MAX && offset + length <= header.limit(),
        "a name of " + length + " bytes");
    byte[] name = new byte[(int) length];
    header.get((int) offset, name);
    return length == 0
        ? "input " + (linkInputs.size() + 1)
        : new String(name, StandardCharsets.UTF_8);
  }

  /** The images that make one program; empty in a container that nvcc made. */
  public List<LinkInput> linkInputs() {
    return linkInputs;
  }

  /**
   * The PTX for the newest architecture that the device can run: the greatest compute_XX that is
   * not above the device's own; code for one GPU (a) or family (f) only where it is that one.
   *
   * @param computeCapability of the device, major * 10 + minor
   * @param textBytesMax longest text taken
   */
  public Optional<String> ptx(int computeCapability, int textBytesMax) {
    Entry best = null;
    for (Entry entry : entries) {
      if (entry.kind == KIND_PTX
          && runsOn(entry, computeCapability)
          && (best == null || entry.architecture > best.architecture)) {
        best = entry;
      }
    }
    return best == null ? Optional.empty() : Optional.of(text(best, textBytesMax));
  }

  private static boolean runsOn(Entry entry, int computeCapability) {
    if ((entry.flags & FLAG_ONE_GPU) != 0) {
      return entry.architecture == computeCapability;
    }
    if ((entry.flags & FLAG_FAMILY) != 0 && entry.architecture / 10 != computeCapability / 10) {
      return false;
    }
    return entry.architecture <= computeCapability;
  }

  /** What is there instead of PTX that the device runs. */
  public List<String> contents() {
    var found = new ArrayList<String>();
    for (Entry entry : entries) {
      found.add(kindName(entry.kind) + " for sm_" + entry.architecture);
    }
    return found;
  }

  private static String kindName(int kind) {
    return switch (kind) {
      case KIND_PTX -> "PTX";
      case KIND_CUBIN -> "machine code";
      case KIND_LTO -> "link-time code";
      default -> "something unknown (kind " + kind + ")";
    };
  }

  private static String text(Entry entry, int textBytesMax) {
    boolean lz4 = (entry.flags & FLAG_LZ4) != 0;
    boolean zstd = (entry.flags & FLAG_ZSTD) != 0;
    int payloadBytes = entry.payload.remaining();
    if (!lz4 && !zstd) {
      require(payloadBytes <= textBytesMax, tooLong(payloadBytes, textBytesMax));
      return asText(copy(entry.payload, payloadBytes), payloadBytes);
    }
    require(entry.plain > 0 && entry.plain <= textBytesMax, tooLong(entry.plain, textBytesMax));
    require(
        entry.compressed > 0 && entry.compressed <= payloadBytes,
        "compressed entry of " + entry.compressed + " bytes");
    long ratio = lz4 ? LZ4_RATIO_MAX : ZSTD_RATIO_MAX;
    require(
        entry.plain <= ratio * entry.compressed + RATIO_SLACK_BYTES,
        entry.plain + " bytes can't come of " + entry.compressed);
    byte[] plain = new byte[(int) entry.plain];
    unpack(copy(entry.payload, entry.compressed), plain, lz4);
    return asText(plain, plain.length);
  }

  private static String tooLong(long bytes, int textBytesMax) {
    return "PTX of " + bytes + " bytes; the most is " + textBytesMax;
  }

  private static byte[] copy(ByteBuffer payload, int bytes) {
    byte[] copy = new byte[bytes];
    payload.get(payload.position(), copy);
    return copy;
  }

  private static void unpack(byte[] packed, byte[] plain, boolean lz4) {
    @Nullable RuntimeException failure;
    try {
      int bytes =
          lz4
              ? new Lz4Decompressor().decompress(packed, 0, packed.length, plain, 0, plain.length)
              : new ZstdDecompressor().decompress(packed, 0, packed.length, plain, 0, plain.length);
      if (bytes == plain.length) {
        return;
      }
      failure = null;
    } catch (RuntimeException e) {
      failure = e;
    }
    throw invalid("an entry can't be decompressed" + (failure == null ? "" : ": " + failure));
  }

  private static String asText(byte[] bytes, int length) {
    int end = length;
    while (end > 0 && bytes[end - 1] == 0) {
      end--;
    }
    return new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw invalid(what);
    }
  }

  private static DriverException invalid(String what) {
    return new DriverException(
        CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE, "damaged fatbin image: " + what);
  }
}
