// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the container in which nvcc keeps a program's PTX and machine code. Its layout is not
 * documented; this is what nvcc 13.0 writes. The bytes come from a client: every length is checked.
 *
 * <p>Header, 16 bytes: magic, version (u16), header size (u16), body size (u64). Entry header, 64
 * bytes and extensions: kind (u16), u16, header size (u32), padded payload size (u64), compressed
 * size (u32), u32, minor and major version (u16 each), SM number (u32), 2 u32, flags (u64), u64,
 * uncompressed size (u64).
 */
final class Fatbin {
  static final int MAGIC = 0xba55ed50;

  private static final int HEADER_BYTES = 16;
  private static final int ENTRY_HEADER_BYTES = 64;
  private static final int KIND_PTX = 1;
  private static final int KIND_CUBIN = 2;
  private static final long FLAG_LZ4 = 0x2000;
  private static final long FLAG_ZSTD = 0x8000;

  /** Code for one GPU (sm_90a) or family (sm_100f) only. */
  private static final long FLAGS_SPECIFIC = 0x100000 | 0x1200000;

  private record Entry(
      int kind, int architecture, long flags, int compressed, long plain, ByteBuffer payload) {}

  private final List<Entry> entries = new ArrayList<>();

  /**
   * @param image starts with the header; byte order and position are left alone
   */
  Fatbin(ByteBuffer image) {
    ByteBuffer bytes = image.slice().order(ByteOrder.LITTLE_ENDIAN);
    require(bytes.remaining() >= HEADER_BYTES, "the header is cut off");
    int headerBytes = Short.toUnsignedInt(bytes.getShort(6));
    long bodyBytes = bytes.getLong(8);
    require(headerBytes >= HEADER_BYTES, "header of " + headerBytes + " bytes");
    require(
        bodyBytes >= 0 && bodyBytes <= bytes.remaining() - headerBytes,
        "it says " + bodyBytes + " bytes and has " + (bytes.remaining() - headerBytes));
    readEntries(bytes.slice(headerBytes, (int) bodyBytes).order(ByteOrder.LITTLE_ENDIAN));
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
      entries.add(
          new Entry(
              Short.toUnsignedInt(body.getShort(at)),
              body.getInt(at + 28),
              body.getLong(at + 40),
              body.getInt(at + 16),
              body.getLong(at + 56),
              body.slice(at + (int) headerBytes, (int) payloadBytes)));
      at += (int) (headerBytes + payloadBytes);
    }
  }

  /**
   * The PTX for the newest architecture that the device can run.
   *
   * @param computeCapability of the device, major * 10 + minor
   * @param textBytesMax longest text taken
   */
  String ptx(int computeCapability, int textBytesMax) {
    Entry best = null;
    for (Entry entry : entries) {
      boolean runs =
          entry.kind == KIND_PTX
              && entry.architecture <= computeCapability
              && ((entry.flags & FLAGS_SPECIFIC) == 0 || entry.architecture == computeCapability);
      if (runs && (best == null || entry.architecture > best.architecture)) {
        best = entry;
      }
    }
    if (best == null) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE, missing(computeCapability));
    }
    return text(best, textBytesMax);
  }

  private String missing(int computeCapability) {
    var found = new ArrayList<String>();
    for (Entry entry : entries) {
      found.add(kindName(entry.kind) + " for sm_" + entry.architecture);
    }
    return "the image holds "
        + (found.isEmpty() ? "nothing" : String.join(", ", found))
        + ", and a software device runs PTX for up to compute capability "
        + computeCapability / 10
        + "."
        + computeCapability % 10
        + "; compile with PTX: nvcc -gencode arch=compute_75,code=compute_75";
  }

  private static String kindName(int kind) {
    return switch (kind) {
      case KIND_PTX -> "PTX";
      case KIND_CUBIN -> "machine code";
      default -> "something unknown (kind " + kind + ")";
    };
  }

  private static String text(Entry entry, int textBytesMax) {
    boolean lz4 = (entry.flags & FLAG_LZ4) != 0;
    boolean zstd = (entry.flags & FLAG_ZSTD) != 0;
    byte[] packed = new byte[entry.payload.remaining()];
    entry.payload.duplicate().get(packed);
    if (!lz4 && !zstd) {
      return asText(packed, packed.length);
    }
    require(
        entry.plain > 0 && entry.plain <= textBytesMax,
        "PTX of " + entry.plain + " bytes; the most is " + textBytesMax);
    require(
        entry.compressed > 0 && entry.compressed <= packed.length,
        "compressed entry of " + entry.compressed + " bytes");
    byte[] plain = new byte[(int) entry.plain];
    int bytes = unpack(packed, entry.compressed, plain, lz4);
    return asText(plain, bytes);
  }

  private static int unpack(byte[] packed, int packedBytes, byte[] plain, boolean lz4) {
    @Nullable RuntimeException failure;
    try {
      int bytes =
          lz4
              ? new Lz4Decompressor().decompress(packed, 0, packedBytes, plain, 0, plain.length)
              : new ZstdDecompressor().decompress(packed, 0, packedBytes, plain, 0, plain.length);
      if (bytes == plain.length) {
        return bytes;
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
