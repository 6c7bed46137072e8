// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static jcuda.driver.JCudaDriver.cuCtxSynchronize;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoH;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleGetGlobal;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;

import io.remora.it.programs.DeviceProgram;
import io.remora.it.programs.Gpu;
import io.remora.it.programs.ProgramResult;
import io.remora.it.remote.DeviceAddress;
import java.nio.ByteBuffer;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/**
 * The first device of the process's {@code libcuda}, through JCuda's own native library; and a
 * program that runs all device programs on it.
 */
final class JCudaGpu implements Gpu {
  private JCudaGpu() {
    JCudaDriver.setExceptionsEnabled(true);
    cuInit(0);
    CUdevice device = new CUdevice();
    cuDeviceGet(device, 0);
    CUcontext context = new CUcontext();
    cuDevicePrimaryCtxRetain(context, device);
    JCudaDriver.cuCtxSetCurrent(context);
  }

  /** Prints what each program found, and how many were right. */
  public static void main(String[] arguments) {
    JCudaGpu gpu = new JCudaGpu();
    int right = 0;
    for (DeviceProgram program : DeviceProgram.suite()) {
      ProgramResult result = program.run(gpu);
      System.out.println(result);
      right += result.passed() ? 1 : 0;
    }
    System.out.println("right: " + right + " of " + DeviceProgram.suite().size());
  }

  @Override
  public long allocate(long bytes) {
    DeviceAddress address = new DeviceAddress();
    cuMemAlloc(address, bytes);
    return address.value();
  }

  @Override
  public void free(long address) {
    cuMemFree(new DeviceAddress(address));
  }

  @Override
  public void upload(long address, ByteBuffer source) {
    cuMemcpyHtoD(new DeviceAddress(address), Pointer.toBuffer(source), source.remaining());
    source.position(source.limit());
  }

  @Override
  public void download(long address, ByteBuffer target) {
    cuMemcpyDtoH(Pointer.toBuffer(target), new DeviceAddress(address), target.remaining());
    target.position(target.limit());
  }

  @Override
  public Module loadModule(String ptx) {
    CUmodule module = new CUmodule();
    cuModuleLoadData(module, ptx + "\0");
    return new LoadedModule(module);
  }

  @Override
  public void launch(
      Function function, Extent grid, Extent block, int sharedBytes, Object... arguments) {
    Pointer[] pointers = new Pointer[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      pointers[i] = parameter(arguments[i]);
    }
    cuLaunchKernel(
        ((LoadedFunction) function).handle(),
        grid.x(),
        grid.y(),
        grid.z(),
        block.x(),
        block.y(),
        block.z(),
        sharedBytes,
        null,
        Pointer.to(pointers),
        null);
  }

  private static Pointer parameter(Object argument) {
    if (argument instanceof Integer value) {
      return Pointer.to(new int[] {value});
    } else if (argument instanceof Long value) {
      return Pointer.to(new long[] {value});
    } else if (argument instanceof Float value) {
      return Pointer.to(new float[] {value});
    } else if (argument instanceof Double value) {
      return Pointer.to(new double[] {value});
    }
    return Pointer.toBuffer((ByteBuffer) argument);
  }

  @Override
  public void synchronize() {
    cuCtxSynchronize();
  }

  private record LoadedFunction(CUfunction handle) implements Function {}

  private record LoadedModule(CUmodule handle) implements Module {
    @Override
    public Function function(String name) {
      CUfunction function = new CUfunction();
      cuModuleGetFunction(function, handle, name);
      return new LoadedFunction(function);
    }

    @Override
    public long global(String name) {
      DeviceAddress address = new DeviceAddress();
      long[] bytes = new long[1];
      cuModuleGetGlobal(address, bytes, handle, name);
      return address.value();
    }

    @Override
    public void close() {
      cuModuleUnload(handle);
    }
  }
}
