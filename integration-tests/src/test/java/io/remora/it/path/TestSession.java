// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;
import io.remora.it.remote.DeviceAddress;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/**
 * A session with the primary context of device 0 current for the thread that opened it. Calls
 * answer results, so that tests can look at them; the conveniences here expect success.
 */
final class TestSession implements AutoCloseable {
  static final int NON_BLOCKING = 1;

  private final RemoteCuda cuda;
  private final CUcontext context = new CUcontext();

  TestSession(ConnectionSettings settings) throws ConnectionException {
    this(List.of(settings));
  }

  /** Of several servers, as one machine. */
  TestSession(List<ConnectionSettings> settings) throws ConnectionException {
    cuda = RemoteCuda.connect(settings);
    expectSuccess(cuda.cuInit(0));
    enter(0);
  }

  /** How many devices there are. */
  int devices() {
    int[] count = new int[1];
    expectSuccess(cuda.cuDeviceGetCount(count));
    return count[0];
  }

  /** Makes a device's context the calling thread's and the session's. */
  void enter(int ordinal) {
    CUdevice device = new CUdevice();
    expectSuccess(cuda.cuDeviceGet(device, ordinal));
    expectSuccess(cuda.cuDevicePrimaryCtxRetain(context, device));
    enter();
  }

  /** Makes the context current for the calling thread. */
  void enter() {
    expectSuccess(cuda.cuCtxSetCurrent(context));
  }

  RemoteCuda cuda() {
    return cuda;
  }

  void expectSuccess(int result) {
    expect(result, CUresult.CUDA_SUCCESS);
  }

  void expect(int result, int expected) {
    assertThat(CUresult.stringFor(result))
        .as(cuda.lastErrorDetail())
        .isEqualTo(CUresult.stringFor(expected));
  }

  DeviceAddress allocate(long bytes) {
    DeviceAddress address = new DeviceAddress();
    expectSuccess(cuda.cuMemAlloc(address, bytes));
    return address;
  }

  /** Allocated and filled with zeros. */
  DeviceAddress allocateZeros(long bytes) {
    DeviceAddress address = allocate(bytes);
    expectSuccess(cuda.cuMemsetD8(address, (byte) 0, bytes));
    return address;
  }

  CUstream stream() {
    CUstream stream = new CUstream();
    expectSuccess(cuda.cuStreamCreate(stream, NON_BLOCKING));
    return stream;
  }

  CUfunction function(String source, String kernel) {
    CUmodule module = new CUmodule();
    expectSuccess(cuda.cuModuleLoadData(module, ptx(source)));
    CUfunction function = new CUfunction();
    expectSuccess(cuda.cuModuleGetFunction(function, module, kernel));
    return function;
  }

  /** The checked-in PTX of a source under {@code src/main/cuda}. */
  static String ptx(String source) {
    try (InputStream in = TestSession.class.getResourceAsStream("/cuda/" + source + ".ptx")) {
      if (in == null) {
        throw new IllegalStateException("no " + source + ".ptx");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Launches one thread. */
  int launchOne(CUfunction function, @Nullable CUstream stream, Pointer... parameters) {
    return launch(function, 1, 1, stream, parameters);
  }

  int launch(
      CUfunction function, int grid, int block, @Nullable CUstream stream, Pointer... parameters) {
    Pointer extra = null;
    return cuda.cuLaunchKernel(
        function, grid, 1, 1, block, 1, 1, 0, stream, Pointer.to(parameters), extra);
  }

  static Pointer parameter(int value) {
    return Pointer.to(new int[] {value});
  }

  static Pointer parameter(long value) {
    return Pointer.to(new long[] {value});
  }

  int readInt(DeviceAddress address) {
    int[] value = new int[1];
    expectSuccess(cuda.cuMemcpyDtoH(Pointer.to(value), address, Integer.BYTES));
    return value[0];
  }

  void writeInt(DeviceAddress address, int value) {
    expectSuccess(cuda.cuMemcpyHtoD(address, Pointer.to(new int[] {value}), Integer.BYTES));
  }

  long freeBytes() {
    long[] free = new long[1];
    expectSuccess(cuda.cuMemGetInfo(free, new long[1]));
    return free[0];
  }

  @Override
  public void close() {
    cuda.close();
  }
}
