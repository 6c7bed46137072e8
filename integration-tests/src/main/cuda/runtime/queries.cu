// SPDX-License-Identifier: Apache-2.0
//
// Everything that a program may ask about devices, memory and functions.
#include <cstring>

#include "check.h"

__global__ void __launch_bounds__(256) kernel(int *out, long n, short tail) {
  __shared__ int shared[100];
  shared[threadIdx.x % 100] = tail;
  __syncthreads();
  if (threadIdx.x < n) {
    out[threadIdx.x] = shared[0];
  }
}

static void devices() {
  int count;
  int version;
  CHECK(cudaGetDeviceCount(&count));
  CHECK(cudaDriverGetVersion(&version));
  REQUIRE(count > 0 && version >= 13000);
  for (int device = 0; device < count; device++) {
    cudaDeviceProp properties;
    CHECK(cudaGetDeviceProperties(&properties, device));
    REQUIRE(std::strlen(properties.name) > 0);
    REQUIRE(properties.totalGlobalMem > 0);
    REQUIRE(properties.warpSize == 32);
    REQUIRE(properties.maxThreadsPerBlock >= 256);
    int value;
    CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrMaxThreadsPerBlock, device));
    REQUIRE(value == properties.maxThreadsPerBlock);
    CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrComputeCapabilityMajor, device));
    REQUIRE(value == properties.major);
    char bus[32];
    int found;
    CHECK(cudaDeviceGetPCIBusId(bus, sizeof bus, device));
    CHECK(cudaDeviceGetByPCIBusId(&found, bus));
    REQUIRE(found == device);
    CHECK(cudaDeviceCanAccessPeer(&value, device, device));
  }
  EXPECT_ERROR(cudaSetDevice(count), cudaErrorInvalidDevice);
  CHECK(cudaSetDevice(0));
  int current = -1;
  CHECK(cudaGetDevice(&current));
  REQUIRE(current == 0);
  size_t limit;
  CHECK(cudaDeviceGetLimit(&limit, cudaLimitStackSize));
  CHECK(cudaDeviceSetLimit(cudaLimitStackSize, 2 * limit));
  size_t changed;
  CHECK(cudaDeviceGetLimit(&changed, cudaLimitStackSize));
  REQUIRE(changed == 2 * limit);
}

static void memory() {
  size_t before;
  size_t total;
  CHECK(cudaMemGetInfo(&before, &total));
  REQUIRE(before <= total && total > 0);
  int *device;
  CHECK(cudaMalloc(&device, 1 << 20));
  size_t after;
  CHECK(cudaMemGetInfo(&after, &total));
  REQUIRE(after <= before - (1 << 20));

  cudaPointerAttributes attributes;
  CHECK(cudaPointerGetAttributes(&attributes, device + 5));
  REQUIRE(attributes.type == cudaMemoryTypeDevice && attributes.device == 0);
  REQUIRE(attributes.devicePointer == device + 5);
  int local;
  CHECK(cudaPointerGetAttributes(&attributes, &local));
  REQUIRE(attributes.type == cudaMemoryTypeUnregistered);
  int *pinned;
  CHECK(cudaMallocHost(&pinned, 4096));
  CHECK(cudaPointerGetAttributes(&attributes, pinned + 1));
  REQUIRE(attributes.type == cudaMemoryTypeHost && attributes.hostPointer == pinned + 1);
  unsigned int flags;
  CHECK(cudaHostGetFlags(&flags, pinned));
  static int registered[4096];
  CHECK(cudaHostRegister(registered, sizeof registered, cudaHostRegisterDefault));
  EXPECT_ERROR(cudaHostRegister(registered, 64, cudaHostRegisterDefault),
               cudaErrorHostMemoryAlreadyRegistered);
  CHECK(cudaPointerGetAttributes(&attributes, registered + 7));
  REQUIRE(attributes.type == cudaMemoryTypeHost);
  CHECK(cudaHostUnregister(registered));
  EXPECT_ERROR(cudaHostUnregister(registered), cudaErrorHostMemoryNotRegistered);
  CHECK(cudaFreeHost(pinned));
  CHECK(cudaFree(device));
  EXPECT_ERROR(cudaMalloc(&device, static_cast<size_t>(1) << 60), cudaErrorMemoryAllocation);
}

static void functions() {
  cudaFuncAttributes attributes;
  CHECK(cudaFuncGetAttributes(&attributes, kernel));
  REQUIRE(attributes.sharedSizeBytes == 400);
  REQUIRE(attributes.maxThreadsPerBlock > 0);
  int blocks;
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, 128, 0));
  REQUIRE(blocks > 0);
  int grid;
  int block;
  CHECK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, kernel, 0, 0));
  REQUIRE(grid > 0 && block > 0 && block <= 256);
  size_t dynamic;
  CHECK(cudaOccupancyAvailableDynamicSMemPerBlock(&dynamic, kernel, 1, 128));
  REQUIRE(dynamic > 0);
  const char *name;
  CHECK(cudaFuncGetName(&name, reinterpret_cast<const void *>(kernel)));
  REQUIRE(std::strstr(name, "kernel") != nullptr);
  size_t offset;
  size_t size;
  cudaFunction_t function;
  CHECK(cudaGetFuncBySymbol(&function, reinterpret_cast<const void *>(kernel)));
  CHECK(cudaFuncGetParamInfo(reinterpret_cast<const void *>(kernel), 2, &offset, &size));
  REQUIRE(offset == 16 && size == sizeof(short));
}

static void errors() {
  REQUIRE(std::strcmp(cudaGetErrorName(cudaErrorInvalidValue), "cudaErrorInvalidValue") == 0);
  REQUIRE(std::strcmp(cudaGetErrorString(cudaSuccess), "no error") == 0);
  int *out;
  CHECK(cudaMalloc(&out, 4096));
  kernel<<<1, 2048>>>(out, 1, 1);
  REQUIRE(cudaGetLastError() != cudaSuccess);
  REQUIRE(cudaGetLastError() == cudaSuccess);
  kernel<<<1, 32>>>(out, 32, 9);
  CHECK(cudaDeviceSynchronize());
  EXPECT_ERROR(cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(0x123456)),
               cudaErrorInvalidResourceHandle);
  CHECK(cudaFree(out));
}

int main() {
  devices();
  memory();
  functions();
  errors();
  return pass();
}
