// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.lang.ref.Reference;

/** A copy of rows within a device, or between two. */
record Rectangle(
    long destination,
    long destinationPitch,
    long source,
    long sourcePitch,
    long width,
    long height) {
  // CUDA_MEMCPY2D: two halves of the same layout, then the extent.
  private static final int HALF_BYTES = 56;
  private static final int BYTES = 2 * HALF_BYTES + 2 * Long.BYTES;
  private static final int TYPE = 16;
  private static final int DEVICE = 32;
  private static final int PITCH = 48;
  private static final int TYPE_DEVICE = 2;
  private static final int TYPE_UNIFIED = 4;

  int copy(long stream) {
    return copy(TYPE_DEVICE, stream);
  }

  /** The addresses tell the driver which devices they are of. */
  int copyBetween(long stream) {
    return copy(TYPE_UNIFIED, stream);
  }

  private int copy(int type, long stream) {
    Memory memory = new Memory(BYTES);
    memory.clear();
    half(memory, 0, type, source, sourcePitch);
    half(memory, HALF_BYTES, type, destination, destinationPitch);
    memory.setLong(2 * HALF_BYTES, width);
    memory.setLong(2 * HALF_BYTES + Long.BYTES, height);
    int result = CudaCalls.cuMemcpy2DAsync_v2(Pointer.nativeValue(memory), stream);
    Reference.reachabilityFence(memory);
    return result;
  }

  private static void half(Memory memory, int at, int type, long address, long pitch) {
    memory.setInt(at + TYPE, type);
    memory.setLong(at + DEVICE, address);
    memory.setLong(at + PITCH, pitch);
  }
}
