// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** One session of the Java client, and the things that are measured through it. */
final class RemoteSide implements AutoCloseable {
  private final RemoteCuda cuda;
  private final CUstream stream = new CUstream();
  private final CUfunction empty = new CUfunction();
  private final CUfunction increment = new CUfunction();
  private final CUdeviceptr buffer = new CUdeviceptr();
  private final Pointer incrementParameters;
  private final byte[] host;

  /**
   * @param transferBytes size of one bulk copy
   */
  RemoteSide(ConnectionSettings settings, int transferBytes) throws ConnectionException {
    host = new byte[transferBytes];
    cuda = RemoteCuda.connect(settings);
    cuda.setExceptionsEnabled(true);
    cuda.cuInit(0);
    CUdevice device = new CUdevice();
    cuda.cuDeviceGet(device, 0);
    CUcontext context = new CUcontext();
    cuda.cuDevicePrimaryCtxRetain(context, device);
    cuda.cuCtxSetCurrent(context);
    cuda.cuStreamCreate(stream, 1);
    CUmodule module = new CUmodule();
    cuda.cuModuleLoadData(module, resource("/cuda/small.ptx"));
    cuda.cuModuleGetFunction(empty, module, "emptyKernel");
    cuda.cuModuleGetFunction(increment, module, "increment");
    cuda.cuMemAlloc(buffer, transferBytes);
    cuda.cuMemsetD8(buffer, (byte) 0, transferBytes);
    incrementParameters =
        Pointer.to(Pointer.to(buffer), Pointer.to(new int[] {1}), Pointer.to(new int[] {1}));
  }

  private static String resource(String name) {
    try (InputStream in = RemoteSide.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Nanoseconds of one call that waits, the mean of {@code rounds}. */
  double roundTripNanos(int rounds) {
    long[] free = new long[1];
    long[] total = new long[1];
    long start = System.nanoTime();
    for (int i = 0; i < rounds; i++) {
      cuda.cuMemGetInfo(free, total);
    }
    return (double) (System.nanoTime() - start) / rounds;
  }

  /** Nanoseconds of one synchronisation with an idle stream, the mean of {@code rounds}. */
  double synchronizeNanos(int rounds) {
    long start = System.nanoTime();
    for (int i = 0; i < rounds; i++) {
      cuda.cuStreamSynchronize(stream);
    }
    return (double) (System.nanoTime() - start) / rounds;
  }

  /** Launches of a kernel without parameters that have run, per second. */
  double emptyLaunchesPerSecond(int launches) {
    return launchesPerSecond(empty, null, launches);
  }

  /** Launches of a kernel with a pointer and two numbers that have run, per second. */
  double launchesPerSecond(int launches) {
    return launchesPerSecond(increment, incrementParameters, launches);
  }

  private double launchesPerSecond(
      CUfunction function, @Nullable Pointer parameters, int launches) {
    Pointer extra = null;
    long start = System.nanoTime();
    for (int i = 0; i < launches; i++) {
      cuda.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, parameters, extra);
    }
    cuda.cuStreamSynchronize(stream);
    return launches / ((System.nanoTime() - start) / 1e9);
  }

  /** How often the {@code increment} kernel has run since the start: the check of the launches. */
  int increments() {
    int[] value = new int[1];
    cuda.cuMemcpyDtoH(Pointer.to(value), buffer, Integer.BYTES);
    return value[0];
  }

  /** Bytes per second from a Java array to the device. */
  double uploadBytesPerSecond() {
    long start = System.nanoTime();
    cuda.cuMemcpyHtoD(buffer, Pointer.to(host), host.length);
    cuda.cuCtxSynchronize();
    return host.length / ((System.nanoTime() - start) / 1e9);
  }

  /** Bytes per second from the device to a Java array. */
  double downloadBytesPerSecond() {
    long start = System.nanoTime();
    cuda.cuMemcpyDtoH(Pointer.to(host), buffer, host.length);
    return host.length / ((System.nanoTime() - start) / 1e9);
  }

  @Override
  public void close() {
    cuda.close();
  }
}
