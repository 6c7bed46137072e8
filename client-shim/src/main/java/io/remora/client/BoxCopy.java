// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUDA_MEMCPY3D;
import jcuda.driver.CUarray;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** One three-dimensional copy, as copies of rows. */
final class BoxCopy {
  /** Rows or slices; a product of two doesn't overflow. */
  private static final long COUNT_MAX = 1L << 31;

  private final ClientCore core;
  private final CUDA_MEMCPY3D copy;
  private final @Nullable CUstream stream;
  private final boolean waits;

  /**
   * @param waits whether the program has given it no stream
   */
  BoxCopy(ClientCore core, CUDA_MEMCPY3D copy, @Nullable CUstream stream, boolean waits) {
    this.core = core;
    this.copy = copy;
    this.stream = stream;
    this.waits = waits;
  }

  /** Rows from one slice to the next, or why there are none: {@code height} is negative then. */
  private record Side(long height, long firstRow, int result) {}

  int run() {
    Side from =
        side(
            copy.srcMemoryType,
            copy.srcArray,
            copy.srcXInBytes,
            copy.srcY,
            copy.srcZ,
            copy.srcHeight);
    Side to =
        side(
            copy.dstMemoryType,
            copy.dstArray,
            copy.dstXInBytes,
            copy.dstY,
            copy.dstZ,
            copy.dstHeight);
    if (copy.srcLOD != 0 || copy.dstLOD != 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result = from.result != CUresult.CUDA_SUCCESS ? from.result : to.result;
    boolean together = from.height == copy.Height && to.height == copy.Height;
    long slices = together ? Math.min(1, copy.Depth) : copy.Depth;
    long height = together ? copy.Height * copy.Depth : copy.Height;
    for (long slice = 0; slice < slices && result == CUresult.CUDA_SUCCESS; slice++) {
      CUDA_MEMCPY2D rows = rows(height);
      rows.srcY = from.firstRow + slice * from.height;
      rows.dstY = to.firstRow + slice * to.height;
      result = new RowsCopy(core, rows, stream, waits).run();
    }
    return result;
  }

  private Side side(int type, @Nullable CUarray array, long x, long y, long z, long height) {
    long rows = height == 0 ? y + copy.Height : height;
    if (type == CUmemorytype.CU_MEMORYTYPE_ARRAY) {
      ClientArrays.Rows known = core.arrays().find(array);
      if (known == null) {
        return new Side(-1, 0, CUresult.CUDA_ERROR_INVALID_HANDLE);
      }
      rows = known.rowsInSlice();
      if (!ClientArrays.isWithin(known.slices(), z, copy.Depth)
          || !ClientArrays.isWithin(known.rowBytes(), x, copy.WidthInBytes)) {
        return new Side(-1, 0, CUresult.CUDA_ERROR_INVALID_VALUE);
      }
    }
    if (rows > COUNT_MAX
        || !ClientArrays.isWithin(rows, y, copy.Height)
        || !ClientArrays.isWithin(COUNT_MAX, z, copy.Depth)) {
      return new Side(-1, 0, CUresult.CUDA_ERROR_INVALID_VALUE);
    }
    return new Side(rows, z * rows + y, CUresult.CUDA_SUCCESS);
  }

  private CUDA_MEMCPY2D rows(long height) {
    CUDA_MEMCPY2D rows = new CUDA_MEMCPY2D();
    rows.srcXInBytes = copy.srcXInBytes;
    rows.srcMemoryType = copy.srcMemoryType;
    rows.srcHost = copy.srcHost;
    rows.srcDevice = copy.srcDevice;
    rows.srcArray = copy.srcArray;
    rows.srcPitch = copy.srcPitch;
    rows.dstXInBytes = copy.dstXInBytes;
    rows.dstMemoryType = copy.dstMemoryType;
    rows.dstHost = copy.dstHost;
    rows.dstDevice = copy.dstDevice;
    rows.dstArray = copy.dstArray;
    rows.dstPitch = copy.dstPitch;
    rows.WidthInBytes = copy.WidthInBytes;
    rows.Height = height;
    return rows;
  }
}
