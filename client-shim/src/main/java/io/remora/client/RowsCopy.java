// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.wire.WireWriter;
import java.nio.ByteBuffer;
import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** One two-dimensional copy. */
final class RowsCopy {
  private static final int LOCAL_COPY_BYTES = 1 << 16;

  private final ClientCore core;
  private final CUDA_MEMCPY2D copy;
  private final @Nullable CUstream hStream;
  private final boolean waits;
  private final long width;
  private final long height;

  /**
   * @param copy the copy's own: sides that are arrays become device memory
   * @param waits whether the program has given it no stream
   */
  RowsCopy(ClientCore core, CUDA_MEMCPY2D copy, @Nullable CUstream hStream, boolean waits) {
    this.core = core;
    this.copy = copy;
    this.hStream = hStream;
    this.waits = waits;
    width = copy.WidthInBytes;
    height = copy.Height;
  }

  /** A copy of the program's structure, which stays as it is. */
  static CUDA_MEMCPY2D copyOf(CUDA_MEMCPY2D given) {
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.srcXInBytes = given.srcXInBytes;
    copy.srcY = given.srcY;
    copy.srcMemoryType = given.srcMemoryType;
    copy.srcHost = given.srcHost;
    copy.srcDevice = given.srcDevice;
    copy.srcArray = given.srcArray;
    copy.srcPitch = given.srcPitch;
    copy.dstXInBytes = given.dstXInBytes;
    copy.dstY = given.dstY;
    copy.dstMemoryType = given.dstMemoryType;
    copy.dstHost = given.dstHost;
    copy.dstDevice = given.dstDevice;
    copy.dstArray = given.dstArray;
    copy.dstPitch = given.dstPitch;
    copy.WidthInBytes = given.WidthInBytes;
    copy.Height = given.Height;
    return copy;
  }

  int run() {
    int resolved = core.arrays().resolve(copy);
    if (resolved != CUresult.CUDA_SUCCESS) {
      return resolved;
    }
    boolean fromHost = copy.srcMemoryType == CUmemorytype.CU_MEMORYTYPE_HOST;
    boolean toHost = copy.dstMemoryType == CUmemorytype.CU_MEMORYTYPE_HOST;
    long sourcePitch = copy.srcPitch == 0 ? width + copy.srcXInBytes : copy.srcPitch;
    long destinationPitch = copy.dstPitch == 0 ? width + copy.dstXInBytes : copy.dstPitch;
    if (!isValid(sourcePitch, copy.srcXInBytes, copy.srcY, copy.srcMemoryType)
        || !isValid(destinationPitch, copy.dstXInBytes, copy.dstY, copy.dstMemoryType)) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    if (width == 0 || height == 0) {
      return CUresult.CUDA_SUCCESS;
    }
    long sourceStart = copy.srcY * sourcePitch + copy.srcXInBytes;
    long destinationStart = copy.dstY * destinationPitch + copy.dstXInBytes;
    if (fromHost && toHost) {
      return withinHost(
          rows(copy.srcHost, sourceStart, sourcePitch),
          rows(copy.dstHost, destinationStart, destinationPitch));
    } else if (fromHost) {
      return toDevice(
          rows(copy.srcHost, sourceStart, sourcePitch),
          address(copy.dstDevice, destinationStart),
          destinationPitch);
    } else if (toHost) {
      return toHost(
          address(copy.srcDevice, sourceStart),
          sourcePitch,
          rows(copy.dstHost, destinationStart, destinationPitch));
    }
    return onDevice(
        address(copy.dstDevice, destinationStart),
        destinationPitch,
        address(copy.srcDevice, sourceStart),
        sourcePitch);
  }

  /** Checks one side, and that nothing computed from it overflows. */
  private boolean isValid(long pitch, long x, long y, int memoryType) {
    boolean known =
        memoryType == CUmemorytype.CU_MEMORYTYPE_HOST
            || memoryType == CUmemorytype.CU_MEMORYTYPE_DEVICE
            || memoryType == CUmemorytype.CU_MEMORYTYPE_UNIFIED;
    if (!known || width < 0 || height < 0 || x < 0 || y < 0 || pitch < 0) {
      return false;
    }
    return Math.multiplyHigh(pitch, y + height) == 0
        && y + height >= 0
        && x + width >= 0
        && pitch >= x + width
        && pitch * (y + height) >= 0;
  }

  private @Nullable HostRows rows(@Nullable Pointer pointer, long start, long pitch) {
    if (pointer == null) {
      return null;
    }
    HostSpan span =
        HostSpan.of(pointer.withByteOffset(start), HostRows.spanBytes(pitch, width, height));
    return span == null ? null : new HostRows(span, pitch, width, height);
  }

  private static long address(@Nullable CUdeviceptr pointer, long start) {
    return JCudaFields.address(pointer) + start;
  }

  private int withinHost(@Nullable HostRows source, @Nullable HostRows destination) {
    if (source == null || destination == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ByteBuffer scratch = ByteBuffer.allocate((int) Math.min(source.bytes(), LOCAL_COPY_BYTES));
    for (long offset = 0; offset < source.bytes(); offset += scratch.capacity()) {
      int length = (int) Math.min(scratch.capacity(), source.bytes() - offset);
      destination.write(offset, source.read(offset, length, scratch));
    }
    return core.local(CUresult.CUDA_SUCCESS);
  }

  private int toDevice(@Nullable HostRows source, long destination, long pitch) {
    long stream = core.stream(core.thread(), hStream);
    return new BulkCopy(core)
        .upload(
            source,
            Calls.REMORA_COPY_ROWS_TO_DEVICE,
            (out, part, offset, tail) -> {
              if (tail) {
                CallWriter.remoraCopyRowsToDeviceTail(
                    out, destination, pitch, width, height, stream, part, offset);
              } else {
                CallWriter.remoraCopyRowsToDevice(
                    out, destination, pitch, width, height, stream, part, offset);
              }
            });
  }

  private int toHost(long source, long pitch, @Nullable HostRows destination) {
    long stream = core.stream(core.thread(), hStream);
    return new BulkCopy(core)
        .download(
            destination,
            Calls.REMORA_COPY_ROWS_TO_HOST,
            out -> CallWriter.remoraCopyRowsToHost(out, source, pitch, width, height, stream),
            (outputs, target) -> {
              Outputs.RemoraCopyRowsToHost piece = Outputs.remoraCopyRowsToHost(outputs);
              target.accept(piece.chunkOffset(), piece.rows());
            });
  }

  private int onDevice(long destination, long destinationPitch, long source, long sourcePitch) {
    ThreadState thread = core.thread();
    int refused = core.refusal(thread);
    if (refused != CUresult.CUDA_SUCCESS) {
      return refused;
    }
    long stream = core.stream(thread, hStream);
    Across across = core.across();
    if (across != null) {
      DeviceCopy rows =
          new DeviceCopy(destination, destinationPitch, source, sourcePitch, width, height);
      if (across.concerns(rows, stream)) {
        return across.copy(rows, stream, waits);
      }
    }
    WireWriter out = core.begin(Calls.REMORA_COPY_ROWS_ON_DEVICE, thread);
    try {
      CallWriter.remoraCopyRowsOnDevice(
          out, destination, destinationPitch, source, sourcePitch, width, height, stream);
      return core.endAsync();
    } finally {
      core.release();
    }
  }
}
