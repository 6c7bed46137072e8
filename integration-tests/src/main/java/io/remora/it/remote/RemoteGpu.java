// SPDX-License-Identifier: Apache-2.0
package io.remora.it.remote;

import io.remora.client.RemoteCuda;
import io.remora.it.programs.Gpu;
import java.nio.ByteBuffer;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;

/**
 * A device of a server. Everything goes to the primary context's legacy stream. One thread at a
 * time; {@link #use} makes another thread the user. The connection stays its owner's.
 */
public final class RemoteGpu implements Gpu {
  private final RemoteCuda cuda;
  private final CUcontext context = new CUcontext();

  /**
   * Takes the primary context of a device, for the calling thread.
   *
   * @param cuda an open session; from now on its failures are exceptions
   * @param ordinal the device
   */
  public RemoteGpu(RemoteCuda cuda, int ordinal) {
    this.cuda = cuda;
    cuda.setExceptionsEnabled(true);
    cuda.cuInit(0);
    CUdevice device = new CUdevice();
    cuda.cuDeviceGet(device, ordinal);
    cuda.cuDevicePrimaryCtxRetain(context, device);
    use();
  }

  /** Makes the calling thread the one that uses this device. */
  public void use() {
    cuda.cuCtxSetCurrent(context);
  }

  @Override
  public long allocate(long bytes) {
    DeviceAddress address = new DeviceAddress();
    cuda.cuMemAlloc(address, bytes);
    return address.value();
  }

  @Override
  public void free(long address) {
    cuda.cuMemFree(new DeviceAddress(address));
  }

  @Override
  public void upload(long address, ByteBuffer source) {
    cuda.cuMemcpyHtoD(new DeviceAddress(address), Pointer.toBuffer(source), source.remaining());
    source.position(source.limit());
  }

  @Override
  public void download(long address, ByteBuffer target) {
    cuda.cuMemcpyDtoH(Pointer.toBuffer(target), new DeviceAddress(address), target.remaining());
    target.position(target.limit());
  }

  @Override
  public Module loadModule(String ptx) {
    CUmodule module = new CUmodule();
    cuda.cuModuleLoadData(module, ptx);
    return new RemoteModule(cuda, module);
  }

  @Override
  public void launch(
      Function function, Extent grid, Extent block, int sharedBytes, Object... arguments) {
    cuda.cuLaunchKernel(
        ((RemoteFunction) function).handle(),
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
    cuda.cuCtxSynchronize();
  }

  private record RemoteFunction(CUfunction handle) implements Function {}

  private record RemoteModule(RemoteCuda cuda, CUmodule handle) implements Module {
    @Override
    public Function function(String name) {
      CUfunction function = new CUfunction();
      cuda.cuModuleGetFunction(function, handle, name);
      return new RemoteFunction(function);
    }

    @Override
    public long global(String name) {
      DeviceAddress address = new DeviceAddress();
      long[] bytes = new long[1];
      cuda.cuModuleGetGlobal(address, bytes, handle, name);
      return address.value();
    }

    @Override
    public void close() {
      cuda.cuModuleUnload(handle);
    }
  }
}
