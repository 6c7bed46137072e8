// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Domain;
import io.remora.server.driver.Driver;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.PrintListener;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Tries whether a device works. */
@FunctionalInterface
interface SelfTest {
  /**
   * Tries one device; may take as long as the device does.
   *
   * @throws DriverException if it doesn't work
   * @throws InterruptedException if nobody wants to know any more
   */
  void run(int device) throws InterruptedException;

  /**
   * Does what every session does first: takes memory, writes to it by a stream of its own, and
   * reads the same bytes back.
   */
  static SelfTest copying(Driver driver) {
    return device -> Copying.run(driver, driver.devices().get(device));
  }

  /** Copies to a device and back. */
  final class Copying {
    private static final long SLAB_BYTES_MIN = 4 << 20;
    private static final int BYTES = 4096;

    private Copying() {}

    static void run(Driver driver, DeviceDescription device) throws InterruptedException {
      try (Domain domain =
          driver.open(
              device.ordinal(),
              SLAB_BYTES_MIN,
              TakenAddresses.NONE,
              (result, detail) -> {},
              PrintListener.NONE)) {
        long address = domain.slabAddress();
        domain.commit(address, domain.granuleBytes());
        long stream = domain.createStream(1, device.streamPriorityLeast());
        ByteBuffer sent = pattern();
        CompletableFuture<Integer> written = new CompletableFuture<>();
        domain.copyToDevice(
            stream, address, sent.duplicate(), (result, nanos) -> written.complete(result));
        require(written, "writing");
        ByteBuffer back = ByteBuffer.allocateDirect(BYTES);
        CompletableFuture<Integer> read = new CompletableFuture<>();
        domain.copyToHost(
            stream,
            address,
            BYTES,
            bytes -> bytes.read(0, back, (result, nanos) -> finish(bytes, read, result)),
            (result, nanos) -> {
              if (result != CUresult.CUDA_SUCCESS_VALUE) {
                read.complete(result);
              }
            });
        require(read, "reading");
        domain.destroyStream(stream);
        back.clear();
        if (!back.equals(pattern())) {
          throw new DriverException(
              CUresult.CUDA_ERROR_UNKNOWN_VALUE, "what was written came back as something else");
        }
      }
    }

    private static void finish(
        Domain.DeviceBytes bytes, CompletableFuture<Integer> read, int result) {
      bytes.finish();
      read.complete(result);
    }

    private static ByteBuffer pattern() {
      ByteBuffer pattern = ByteBuffer.allocateDirect(BYTES);
      for (int i = 0; i < BYTES; i++) {
        pattern.put((byte) (i * 31 + (i >> 8)));
      }
      return pattern.flip();
    }

    private static void require(CompletableFuture<Integer> work, String what)
        throws InterruptedException {
      int result;
      try {
        result = work.get();
      } catch (ExecutionException e) {
        throw new IllegalStateException("nobody completes it so", e);
      }
      if (result != CUresult.CUDA_SUCCESS_VALUE) {
        CUresult name = CUresult.forNumber(result);
        throw new DriverException(result, what + " failed with " + (name == null ? result : name));
      }
    }
  }
}
