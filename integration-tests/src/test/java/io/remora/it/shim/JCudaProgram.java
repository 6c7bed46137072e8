// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static jcuda.driver.JCudaDriver.cuCtxCreate;
import static jcuda.driver.JCudaDriver.cuCtxDestroy;
import static jcuda.driver.JCudaDriver.cuCtxSynchronize;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoH;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoad;

import jcuda.Pointer;
import jcuda.Sizeof;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** A program for JCuda as its users write it: adds vectors. Knows nothing of Remora. */
final class JCudaProgram {
  private static final int COUNT = 100_003;
  private static final int THREADS = 256;

  private JCudaProgram() {}

  /**
   * @param arguments the file with the kernel's PTX
   */
  public static void main(String[] arguments) {
    JCudaDriver.setExceptionsEnabled(true);
    cuInit(0);
    CUdevice device = new CUdevice();
    cuDeviceGet(device, 0);
    CUcontext context = new CUcontext();
    cuCtxCreate(context, 0, device);
    CUmodule module = new CUmodule();
    cuModuleLoad(module, arguments[0]);
    CUfunction function = new CUfunction();
    cuModuleGetFunction(function, module, "vectorAdd");

    float[] a = new float[COUNT];
    float[] b = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      a[i] = 0.5f * i;
      b[i] = 3 - i;
    }
    CUdeviceptr deviceA = upload(a);
    CUdeviceptr deviceB = upload(b);
    CUdeviceptr deviceSum = upload(new float[COUNT]);
    Pointer parameters =
        Pointer.to(
            Pointer.to(deviceA),
            Pointer.to(deviceB),
            Pointer.to(deviceSum),
            Pointer.to(new int[] {COUNT}));
    int blocks = (COUNT + THREADS - 1) / THREADS;
    cuLaunchKernel(function, blocks, 1, 1, THREADS, 1, 1, 0, null, parameters, null);
    cuCtxSynchronize();
    float[] sum = new float[COUNT];
    cuMemcpyDtoH(Pointer.to(sum), deviceSum, (long) COUNT * Sizeof.FLOAT);
    for (int i = 0; i < COUNT; i++) {
      if (sum[i] != a[i] + b[i]) {
        throw new IllegalStateException("sum " + i + " is " + sum[i]);
      }
    }
    cuMemFree(deviceA);
    cuMemFree(deviceB);
    cuMemFree(deviceSum);
    cuCtxDestroy(context);
    System.out.println("PASS");
  }

  private static CUdeviceptr upload(float[] values) {
    CUdeviceptr pointer = new CUdeviceptr();
    long bytes = (long) values.length * Sizeof.FLOAT;
    cuMemAlloc(pointer, bytes);
    cuMemcpyHtoD(pointer, Pointer.to(values), bytes);
    return pointer;
  }
}
