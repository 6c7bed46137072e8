/* SPDX-License-Identifier: Apache-2.0 */
/*
 * y = a x + y by the CUDA driver API, in plain C: a program that knows nothing of Remora. Its
 * argument names a file with the PTX of saxpy.cu. It ends with 0 only if every element is right.
 *
 *   cc saxpy.c -o saxpy -l:libcuda.so.1 && ./saxpy saxpy.ptx
 */
#include <stdio.h>
#include <stdlib.h>

#if __has_include(<cuda.h>)
#include <cuda.h>
#else
/* Without a CUDA toolkit: what this program needs of its header. */
#include <stddef.h>
typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
#define CUDA_SUCCESS 0
#define cuDevicePrimaryCtxRelease cuDevicePrimaryCtxRelease_v2
#define cuMemAlloc cuMemAlloc_v2
#define cuMemFree cuMemFree_v2
#define cuMemcpyHtoD cuMemcpyHtoD_v2
#define cuMemcpyDtoH cuMemcpyDtoH_v2
CUresult cuInit(unsigned int flags);
CUresult cuGetErrorName(CUresult error, const char **name);
CUresult cuDeviceGet(CUdevice *device, int ordinal);
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device);
CUresult cuDevicePrimaryCtxRelease(CUdevice device);
CUresult cuCtxSetCurrent(CUcontext context);
CUresult cuModuleLoad(CUmodule *module, const char *file);
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name);
CUresult cuMemAlloc(CUdeviceptr *address, size_t bytes);
CUresult cuMemFree(CUdeviceptr address);
CUresult cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t bytes);
CUresult cuMemcpyDtoH(void *to, CUdeviceptr from, size_t bytes);
CUresult cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y,
                        unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                        unsigned int block_z, unsigned int shared_bytes, CUstream stream,
                        void **parameters, void **extra);
#endif

#define COUNT (1 << 20)

static void check(CUresult result, const char *call)
{
    if (result != CUDA_SUCCESS) {
        const char *name = "an unknown error";
        cuGetErrorName(result, &name);
        fprintf(stderr, "%s: %s\n", call, name);
        exit(1);
    }
}

#define CHECK(call) check(call, #call)

static float x[COUNT];
static float y[COUNT];

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: saxpy FILE.ptx\n");
        return 2;
    }
    CUdevice device;
    CUcontext context;
    CUmodule module;
    CUfunction saxpy;
    CHECK(cuInit(0));
    CHECK(cuDeviceGet(&device, 0));
    CHECK(cuDevicePrimaryCtxRetain(&context, device));
    CHECK(cuCtxSetCurrent(context));
    CHECK(cuModuleLoad(&module, argv[1]));
    CHECK(cuModuleGetFunction(&saxpy, module, "saxpy"));

    for (int i = 0; i < COUNT; i++) {
        x[i] = (float)i;
        y[i] = (float)(COUNT - i);
    }
    CUdeviceptr on_device[2];
    CHECK(cuMemAlloc(&on_device[0], sizeof x));
    CHECK(cuMemAlloc(&on_device[1], sizeof y));
    CHECK(cuMemcpyHtoD(on_device[0], x, sizeof x));
    CHECK(cuMemcpyHtoD(on_device[1], y, sizeof y));
    float a = 2.0f;
    int count = COUNT;
    void *parameters[] = {&a, &on_device[0], &on_device[1], &count};
    CHECK(cuLaunchKernel(saxpy, 1024, 1, 1, 256, 1, 1, 0, NULL, parameters, NULL));
    CHECK(cuMemcpyDtoH(y, on_device[1], sizeof y));

    int wrong = 0;
    for (int i = 0; i < COUNT; i++) {
        /* All of these numbers are exact in single precision. */
        wrong += y[i] != (float)(COUNT + i);
    }
    CHECK(cuMemFree(on_device[0]));
    CHECK(cuMemFree(on_device[1]));
    CHECK(cuDevicePrimaryCtxRelease(device));
    printf("y = a x + y over %d floats: %d wrong\n", COUNT, wrong);
    return wrong == 0 ? 0 : 1;
}
