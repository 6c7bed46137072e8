// SPDX-License-Identifier: Apache-2.0
package io.remora.it.verify;

import io.remora.it.programs.Gpu;
import io.remora.it.remote.DeviceAddress;
import io.remora.it.remote.LaunchParameters;
import java.nio.ByteBuffer;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** The first device of this process's own {@code libcuda.so.1}, by JCuda as it is. */
final class NativeGpu implements Gpu {
  private static final int NAME_BYTES = 256;

  private final String name;

  NativeGpu() {
    JCudaDriver.setExceptionsEnabled(true);
    JCudaDriver.cuInit(0);
    CUdevice device = new CUdevice();
    JCudaDriver.cuDeviceGet(device, 0);
    byte[] text = new byte[NAME_BYTES];
    JCudaDriver.cuDeviceGetName(text, NAME_BYTES, device);
    name = com.sun.jna.Native.toString(text);
    CUcontext context = new CUcontext();
    JCudaDriver.cuDevicePrimaryCtxRetain(context, device);
    JCudaDriver.cuCtxSetCurrent(context);
  }

  /** As the driver says. */
  String name() {
    return name;
  }

  @Override
  public long allocate(long bytes) {
    DeviceAddress address = new DeviceAddress();
    JCudaDriver.cuMemAlloc(address, bytes);
    return address.value();
  }

  @Override
  public void free(long address) {
    JCudaDriver.cuMemFree(new DeviceAddress(address));
  }

  @Override
  public void upload(long address, ByteBuffer source) {
    JCudaDriver.cuMemcpyHtoD(
        new DeviceAddress(address), Pointer.toBuffer(source), source.remaining());
    source.position(source.limit());
  }

  @Override
  public void download(long address, ByteBuffer target) {
    JCudaDriver.cuMemcpyDtoH(
        Pointer.toBuffer(target), new DeviceAddress(address), target.remaining());
    target.position(target.limit());
  }

  @Override
  public Module loadModule(String ptx) {
    CUmodule module = new CUmodule();
    JCudaDriver.cuModuleLoadData(module, ptx);
    return new LoadedModule(module);
  }

  @Override
  public void launch(
      Function function, Extent grid, Extent block, int sharedBytes, Object... arguments) {
    JCudaDriver.cuLaunchKernel(
        ((Kernel) function).handle(),
        grid.x(),
        grid.y(),
        grid.z(),
        block.x(),
        block.y(),
        block.z(),
        sharedBytes,
        LaunchParameters.legacyStream(),
        LaunchParameters.of(arguments),
        LaunchParameters.none());
  }

  @Override
  public void synchronize() {
    JCudaDriver.cuCtxSynchronize();
  }

  private record Kernel(CUfunction handle) implements Function {}

  private record LoadedModule(CUmodule handle) implements Module {
    @Override
    public Function function(String name) {
      CUfunction function = new CUfunction();
      JCudaDriver.cuModuleGetFunction(function, handle, name);
      return new Kernel(function);
    }

    @Override
    public long global(String name) {
      DeviceAddress address = new DeviceAddress();
      JCudaDriver.cuModuleGetGlobal(address, new long[1], handle, name);
      return address.value();
    }

    @Override
    public void close() {
      JCudaDriver.cuModuleUnload(handle);
    }
  }
}
