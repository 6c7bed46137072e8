// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.driver.CUDA_ARRAY3D_DESCRIPTOR;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUarray;
import jcuda.driver.CUarray_format;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Arrays of one connection. The server keeps an array as rows in device memory, so copies to and
 * from arrays are copies of rows whose place is computed here. Any thread.
 */
final class ClientArrays {
  private final Map<Long, Rows> arrays = new ConcurrentHashMap<>();

  /**
   * Where an array lies.
   *
   * @param address of the first row; the array's handle
   * @param pitch bytes from row to row
   */
  record Rows(
      long width,
      long height,
      long depth,
      int format,
      int channels,
      int flags,
      long address,
      long pitch) {
    long rowBytes() {
      return width * channels * channelBytes(format);
    }

    long rowsInSlice() {
      return Math.max(1, height);
    }

    long slices() {
      return Math.max(1, depth);
    }

    void describe(CUDA_ARRAY3D_DESCRIPTOR into) {
      into.Width = width;
      into.Height = height;
      into.Depth = depth;
      into.Format = format;
      into.NumChannels = channels;
      into.Flags = flags;
    }

    private static int channelBytes(int format) {
      return switch (format) {
        case CUarray_format.CU_AD_FORMAT_UNSIGNED_INT8, CUarray_format.CU_AD_FORMAT_SIGNED_INT8 ->
            1;
        case CUarray_format.CU_AD_FORMAT_UNSIGNED_INT16,
            CUarray_format.CU_AD_FORMAT_SIGNED_INT16,
            CUarray_format.CU_AD_FORMAT_HALF ->
            2;
        default -> 4;
      };
    }
  }

  /** Whether textures have such texels. */
  static boolean isTexel(int format, int channels) {
    boolean known =
        switch (format) {
          case CUarray_format.CU_AD_FORMAT_UNSIGNED_INT8,
              CUarray_format.CU_AD_FORMAT_UNSIGNED_INT16,
              CUarray_format.CU_AD_FORMAT_UNSIGNED_INT32,
              CUarray_format.CU_AD_FORMAT_SIGNED_INT8,
              CUarray_format.CU_AD_FORMAT_SIGNED_INT16,
              CUarray_format.CU_AD_FORMAT_SIGNED_INT32,
              CUarray_format.CU_AD_FORMAT_HALF,
              CUarray_format.CU_AD_FORMAT_FLOAT ->
              true;
          default -> false;
        };
    return known && (channels == 1 || channels == 2 || channels == 4);
  }

  void add(Rows rows) {
    arrays.put(rows.address, rows);
  }

  /** Takes an array out; false if there is none. */
  boolean remove(@Nullable CUarray array) {
    return arrays.remove(JCudaFields.value(array)) != null;
  }

  /** What is known of an array, or null. */
  @Nullable Rows find(@Nullable CUarray array) {
    return arrays.get(JCudaFields.value(array));
  }

  /** Turns the sides of a copy that are arrays into device memory; returns a {@code CUresult}. */
  int resolve(CUDA_MEMCPY2D copy) {
    if (copy.srcMemoryType == CUmemorytype.CU_MEMORYTYPE_ARRAY) {
      Rows rows = find(copy.srcArray);
      if (rows == null || !holds(rows, copy.srcXInBytes, copy.srcY, copy)) {
        return refusal(rows);
      }
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.srcDevice = new CUdeviceptr();
      JCudaFields.setValue(copy.srcDevice, rows.address);
      copy.srcPitch = rows.pitch;
    }
    if (copy.dstMemoryType == CUmemorytype.CU_MEMORYTYPE_ARRAY) {
      Rows rows = find(copy.dstArray);
      if (rows == null || !holds(rows, copy.dstXInBytes, copy.dstY, copy)) {
        return refusal(rows);
      }
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.dstDevice = new CUdeviceptr();
      JCudaFields.setValue(copy.dstDevice, rows.address);
      copy.dstPitch = rows.pitch;
    }
    return CUresult.CUDA_SUCCESS;
  }

  private static int refusal(@Nullable Rows rows) {
    return rows == null ? CUresult.CUDA_ERROR_INVALID_HANDLE : CUresult.CUDA_ERROR_INVALID_VALUE;
  }

  private static boolean holds(Rows rows, long x, long y, CUDA_MEMCPY2D copy) {
    return isWithin(rows.rowBytes(), x, copy.WidthInBytes)
        && isWithin(rows.rowsInSlice() * rows.slices(), y, copy.Height);
  }

  /** Whether [start, start + count) is a part of [0, limit). */
  static boolean isWithin(long limit, long start, long count) {
    return start >= 0 && count >= 0 && start <= limit && count <= limit - start;
  }
}
