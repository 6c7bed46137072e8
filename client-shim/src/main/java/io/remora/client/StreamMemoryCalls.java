// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.v1.StreamMemoryOperation;
import java.util.List;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamBatchMemOpType;
import org.jspecify.annotations.Nullable;

/**
 * Words of memory that streams wait for or write. There is no {@code cuStreamBatchMemOp}, since
 * JCuda's structure for it is empty.
 */
interface StreamMemoryCalls extends TableCalls {
  @Override
  default int cuStreamWaitValue32(
      @Nullable CUstream stream, @Nullable CUdeviceptr addr, int value, int flags) {
    return operation(
        stream,
        CUstreamBatchMemOpType.CU_STREAM_MEM_OP_WAIT_VALUE_32,
        addr,
        Integer.toUnsignedLong(value),
        flags);
  }

  @Override
  default int cuStreamWaitValue64(
      @Nullable CUstream stream, @Nullable CUdeviceptr addr, long value, int flags) {
    return operation(
        stream, CUstreamBatchMemOpType.CU_STREAM_MEM_OP_WAIT_VALUE_64, addr, value, flags);
  }

  @Override
  default int cuStreamWriteValue32(
      @Nullable CUstream stream, @Nullable CUdeviceptr addr, int value, int flags) {
    return operation(
        stream,
        CUstreamBatchMemOpType.CU_STREAM_MEM_OP_WRITE_VALUE_32,
        addr,
        Integer.toUnsignedLong(value),
        flags);
  }

  @Override
  default int cuStreamWriteValue64(
      @Nullable CUstream stream, @Nullable CUdeviceptr addr, long value, int flags) {
    return operation(
        stream, CUstreamBatchMemOpType.CU_STREAM_MEM_OP_WRITE_VALUE_64, addr, value, flags);
  }

  private int operation(
      @Nullable CUstream stream, int type, @Nullable CUdeviceptr address, long value, int flags) {
    StreamMemoryOperation operation =
        StreamMemoryOperation.newBuilder()
            .setOperation(type)
            .setAddress(JCudaFields.address(address))
            .setValue(value)
            .setFlags(flags)
            .build();
    // The thread's own stream may have to be created by a call before this one.
    long handle = core().stream(core().thread(), stream);
    return core()
        .tell(
            Calls.REMORA_STREAM_MEMORY_OPERATIONS,
            out -> CallWriter.remoraStreamMemoryOperations(out, handle, List.of(operation)));
  }
}
