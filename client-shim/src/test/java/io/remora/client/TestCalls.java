// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.wire.WireWriter;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;

/** What tests of calls need again and again. */
final class TestCalls {
  private static final long WAIT_NANOS = 20_000_000_000L;

  private TestCalls() {}

  /** Makes the primary context of device 0 the calling thread's current one. */
  static void makeCurrent(RemoteCuda cuda) {
    CUdevice device = new CUdevice();
    CUcontext context = new CUcontext();
    ok(cuda.cuDeviceGet(device, 0));
    ok(cuda.cuDevicePrimaryCtxRetain(context, device));
    ok(cuda.cuCtxSetCurrent(context));
  }

  static void ok(int result) {
    assertThat(CUresult.stringFor(result)).isEqualTo("CUDA_SUCCESS");
  }

  static CUdeviceptr pointer(long address) {
    CUdeviceptr pointer = new CUdeviceptr();
    JCudaFields.setValue(pointer, address);
    return pointer;
  }

  /** Encoded outputs of an answer. */
  static byte[] outputs(Consumer<WireWriter> fields) {
    WireWriter writer = new WireWriter(64);
    fields.accept(writer);
    return writer.toByteArray();
  }

  /** Waits until a condition holds; fails after 20 seconds. */
  static void eventually(String what, BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - start).as("waited for: " + what).isLessThan(WAIT_NANOS);
      LockSupport.parkNanos(200_000);
    }
  }
}
