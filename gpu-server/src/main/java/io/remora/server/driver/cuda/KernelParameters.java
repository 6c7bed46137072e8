// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.remora.server.driver.Domain.Launch;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The memory from which the driver reads a launch's parameters: the packed values, and behind them
 * the table of their addresses that {@code cuLaunchKernel} wants. One for each stream, used again
 * for each launch. Guarded by the stream's lock.
 */
final class KernelParameters {
  private static final int FIRST_VALUE_BYTES = 512;
  private static final int FIRST_PARAMETERS = 32;

  private Memory memory = new Memory(FIRST_VALUE_BYTES + FIRST_PARAMETERS * Long.BYTES);
  private ByteBuffer bytes = bytesOf(memory);
  private long address = Pointer.nativeValue(memory);
  private int valueBytes = FIRST_VALUE_BYTES;
  private int parametersMax = FIRST_PARAMETERS;

  private static ByteBuffer bytesOf(Memory memory) {
    return memory.getByteBuffer(0, memory.size()).order(ByteOrder.nativeOrder());
  }

  /** Launches a kernel; answers a CUresult. */
  int launch(CudaFunction function, Launch launch, long stream) {
    ByteBuffer values = launch.parameters();
    int count = values.remaining();
    int[] offsets = function.offsets();
    if (count < function.parameterBytes()) {
      return CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
    }
    if (count > valueBytes || offsets.length > parametersMax) {
      grow(count, offsets.length);
    }
    bytes.put(0, values, values.position(), count);
    for (int i = 0; i < offsets.length; i++) {
      bytes.putLong(valueBytes + i * Long.BYTES, address + offsets[i]);
    }
    long table = offsets.length == 0 ? 0 : address + valueBytes;
    return launch.cooperative()
        ? CudaCalls.cuLaunchCooperativeKernel(
            function.address(),
            launch.gridX(),
            launch.gridY(),
            launch.gridZ(),
            launch.blockX(),
            launch.blockY(),
            launch.blockZ(),
            launch.sharedBytes(),
            stream,
            table)
        : CudaCalls.cuLaunchKernel(
            function.address(),
            launch.gridX(),
            launch.gridY(),
            launch.gridZ(),
            launch.blockX(),
            launch.blockY(),
            launch.blockZ(),
            launch.sharedBytes(),
            stream,
            table,
            0);
  }

  private void grow(int values, int parameters) {
    valueBytes = Math.max(valueBytes, (values + Long.BYTES - 1) & -Long.BYTES);
    parametersMax = Math.max(parametersMax, parameters);
    free();
    memory = new Memory(valueBytes + (long) parametersMax * Long.BYTES);
    bytes = bytesOf(memory);
    address = Pointer.nativeValue(memory);
  }

  /** Gives the memory back. */
  void free() {
    memory.close();
  }
}
