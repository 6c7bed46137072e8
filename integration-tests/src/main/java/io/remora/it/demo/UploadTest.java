// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.it.programs.Gpu;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/**
 * Copies a large array to the device and back and compares every byte.
 *
 * @param bytes size of the array
 * @param uploadNanos time until the device had it
 * @param downloadNanos time until the host had it back
 * @param same whether it came back unchanged
 */
record UploadTest(int bytes, long uploadNanos, long downloadNanos, boolean same) {
  private static final long SEED = 20261123;

  static UploadTest run(Gpu gpu, int bytes, LongSupplier nanoClock) {
    ByteBuffer sent = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < bytes; i += Long.BYTES) {
      sent.putLong(i, random.nextLong());
    }
    ByteBuffer received = ByteBuffer.allocateDirect(bytes);
    long address = gpu.allocate(bytes);
    long start = nanoClock.getAsLong();
    gpu.upload(address, sent);
    gpu.synchronize();
    long sentAt = nanoClock.getAsLong();
    gpu.download(address, received);
    long end = nanoClock.getAsLong();
    gpu.free(address);
    return new UploadTest(
        bytes, sentAt - start, end - sentAt, sent.rewind().equals(received.rewind()));
  }

  double uploadBytesPerSecond() {
    return bytes / (uploadNanos / 1e9);
  }

  double downloadBytesPerSecond() {
    return bytes / (downloadNanos / 1e9);
  }
}
