// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/**
 * Copies between the program's memory and the device. What is sent is read before the call returns,
 * so no copy to the device waits; what is received is there when the call returns, or when a later
 * one has waited for the stream.
 */
interface CopyCalls extends GraphStructureCalls {
  @Override
  default int cuMemcpyHtoD(
      @Nullable CUdeviceptr dstDevice, @Nullable Pointer srcHost, long byteCount) {
    long destination = JCudaFields.address(dstDevice);
    return new BulkCopy(core())
        .upload(
            HostSpan.of(srcHost, byteCount),
            Calls.CU_MEMCPY_HTO_D,
            (out, part, offset, tail) -> {
              if (tail) {
                CallWriter.cuMemcpyHtoDTail(out, destination, part, byteCount, offset);
              } else {
                CallWriter.cuMemcpyHtoD(out, destination, part, byteCount, offset);
              }
            });
  }

  @Override
  default int cuMemcpyHtoDAsync(
      @Nullable CUdeviceptr dstDevice,
      @Nullable Pointer srcHost,
      long byteCount,
      @Nullable CUstream hStream) {
    long destination = JCudaFields.address(dstDevice);
    HostSpan span = HostSpan.of(srcHost, byteCount);
    int captured = captureHostCopy(hStream, srcHost, span, true, destination);
    if (captured >= 0) {
      return captured;
    }
    long stream = core().stream(core().thread(), hStream);
    if (isElsewhere(destination, stream)) {
      int result = cuStreamSynchronize(hStream);
      return result == CUresult.CUDA_SUCCESS ? cuMemcpyHtoD(dstDevice, srcHost, byteCount) : result;
    }
    return new BulkCopy(core())
        .upload(
            span,
            Calls.CU_MEMCPY_HTO_D_ASYNC,
            (out, part, offset, tail) -> {
              if (tail) {
                CallWriter.cuMemcpyHtoDAsyncTail(out, destination, part, byteCount, stream, offset);
              } else {
                CallWriter.cuMemcpyHtoDAsync(out, destination, part, byteCount, stream, offset);
              }
            });
  }

  @Override
  default int cuMemcpyDtoH(
      @Nullable Pointer dstHost, @Nullable CUdeviceptr srcDevice, long byteCount) {
    long source = JCudaFields.address(srcDevice);
    return new BulkCopy(core())
        .download(
            HostSpan.of(dstHost, byteCount),
            Calls.CU_MEMCPY_DTO_H,
            out -> CallWriter.cuMemcpyDtoH(out, source, byteCount),
            (outputs, target) -> {
              Outputs.CuMemcpyDtoH piece = Outputs.cuMemcpyDtoH(outputs);
              target.accept(piece.chunkOffset(), piece.dstHost());
            });
  }

  /** As in CUDA, only a copy to host memory that CUDA allocated is one that nobody waits for. */
  @Override
  default int cuMemcpyDtoHAsync(
      @Nullable Pointer dstHost,
      @Nullable CUdeviceptr srcDevice,
      long byteCount,
      @Nullable CUstream hStream) {
    long source = JCudaFields.address(srcDevice);
    long stream = core().stream(core().thread(), hStream);
    BulkCopy copy = new BulkCopy(core());
    BulkCopy.RequestWriter request =
        out -> CallWriter.cuMemcpyDtoHAsync(out, source, byteCount, stream);
    BulkTarget.PieceDecoder decoder =
        (outputs, target) -> {
          Outputs.CuMemcpyDtoHAsync piece = Outputs.cuMemcpyDtoHAsync(outputs);
          target.accept(piece.chunkOffset(), piece.dstHost());
        };
    HostSpan sink = HostSpan.of(dstHost, byteCount);
    int captured = captureHostCopy(hStream, dstHost, sink, false, source);
    if (captured >= 0) {
      return captured;
    }
    if (isElsewhere(source, stream)) {
      int result = cuStreamSynchronize(hStream);
      return result == CUresult.CUDA_SUCCESS ? cuMemcpyDtoH(dstHost, srcDevice, byteCount) : result;
    }
    return core().hostMemory().contains(dstHost)
        ? copy.downloadInBackground(sink, Calls.CU_MEMCPY_DTO_H_ASYNC, request, decoder)
        : copy.download(sink, Calls.CU_MEMCPY_DTO_H_ASYNC, request, decoder);
  }

  /** JCuda has this call for device pointers only. */
  @Override
  default int cuMemcpy(@Nullable CUdeviceptr dst, @Nullable CUdeviceptr src, long byteCount) {
    return cuMemcpyDtoD(dst, src, byteCount);
  }

  @Override
  default int cuMemcpyAsync(
      @Nullable CUdeviceptr dst,
      @Nullable CUdeviceptr src,
      long byteCount,
      @Nullable CUstream hStream) {
    return cuMemcpyDtoDAsync(dst, src, byteCount, hStream);
  }

  @Override
  default int cuMemcpy2D(@Nullable CUDA_MEMCPY2D pCopy) {
    return rows(pCopy, null, true);
  }

  @Override
  default int cuMemcpy2DUnaligned(@Nullable CUDA_MEMCPY2D pCopy) {
    return rows(pCopy, null, true);
  }

  @Override
  default int cuMemcpy2DAsync(@Nullable CUDA_MEMCPY2D pCopy, @Nullable CUstream hStream) {
    return rows(pCopy, hStream, false);
  }

  private int rows(@Nullable CUDA_MEMCPY2D pCopy, @Nullable CUstream hStream, boolean waits) {
    return pCopy == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : new RowsCopy(core(), RowsCopy.copyOf(pCopy), hStream, waits).run();
  }

  /** Whether memory is on another server than a stream, which then is waited for. */
  private boolean isElsewhere(long address, long stream) {
    Across across = core().across();
    return across != null && across.isElsewhere(address, stream);
  }
}
