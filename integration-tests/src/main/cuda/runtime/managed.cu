// SPDX-License-Identifier: Apache-2.0
//
// Memory that the program and its kernels use at the same addresses.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

#include "check.h"

__global__ void add(int *values, int more, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    values[i] += more;
  }
}

struct Node {
  Node *next;
  int value;
};

__global__ void double_list(Node *node) {
  for (; node != nullptr; node = node->next) {
    node->value *= 2;
  }
}

static void launch_add(int *values, int more, int n, cudaStream_t stream = nullptr) {
  add<<<(n + 255) / 256, 256, 0, stream>>>(values, more, n);
  CHECK(cudaGetLastError());
}

// Both sides take turns, on all of the memory and on parts of it.
static void turns() {
  const int n = 1 << 20;
  int *values;
  CHECK(cudaMallocManaged(&values, n * sizeof(int)));
  REQUIRE(values[0] == 0 && values[n - 1] == 0);
  std::iota(values, values + n, 0);
  launch_add(values, 1, n);
  CHECK(cudaDeviceSynchronize());
  for (int i = 0; i < n; i++) {
    REQUIRE(values[i] == i + 1);
  }
  for (int round = 0; round < 10; round++) {
    values[round * 100000] = -5;
    launch_add(values, 5, n);
    CHECK(cudaDeviceSynchronize());
    REQUIRE(values[round * 100000] == 0);
    REQUIRE(values[n - 1] == n + 5 * (round + 1));
  }
  // Several launches between two looks of the program, and a look that nothing was waited for.
  for (int i = 0; i < 50; i++) {
    launch_add(values, 2, n);
  }
  REQUIRE(values[n - 1] == n + 50 + 100);
  CHECK(cudaFree(values));
}

// What was never written is zero on both sides.
static void untouched_memory() {
  const int n = 3 << 20;
  int *values;
  CHECK(cudaMallocManaged(&values, n * sizeof(int)));
  values[n / 2] = 41;
  launch_add(values, 1, n);
  CHECK(cudaDeviceSynchronize());
  REQUIRE(values[n / 2] == 42 && values[0] == 1 && values[n - 1] == 1);
  CHECK(cudaFree(values));
}

// Pointers in the memory are the same for both.
static void lists() {
  Node *first = nullptr;
  for (int i = 0; i < 100; i++) {
    Node *node;
    CHECK(cudaMallocManaged(&node, sizeof(Node)));
    *node = {first, i};
    first = node;
  }
  double_list<<<1, 1>>>(first);
  CHECK(cudaDeviceSynchronize());
  for (int i = 99; i >= 0; i--) {
    Node *node = first;
    REQUIRE(node->value == 2 * i);
    first = node->next;
    CHECK(cudaFree(node));
  }
}

static void copies() {
  const int n = 5000;
  const size_t bytes = n * sizeof(int);
  int *managed;
  int *device;
  std::vector<int> host(n, 3);
  CHECK(cudaMallocManaged(&managed, bytes));
  CHECK(cudaMalloc(&device, bytes));
  CHECK(cudaMemcpy(managed, host.data(), bytes, cudaMemcpyHostToDevice));
  REQUIRE(managed[n - 1] == 3);
  managed[7] = 70;
  CHECK(cudaMemcpy(device, managed, bytes, cudaMemcpyHostToDevice));
  launch_add(device, 1, n);
  CHECK(cudaMemcpy(managed, device, bytes, cudaMemcpyDeviceToHost));
  REQUIRE(managed[7] == 71 && managed[8] == 4);
  CHECK(cudaMemset(managed, 0xff, bytes));
  REQUIRE(managed[7] == -1 && managed[n - 1] == -1);
  managed[9] = 9;
  CHECK(cudaMemcpy(host.data(), managed, bytes, cudaMemcpyDefault));
  REQUIRE(host[9] == 9 && host[8] == -1);
  CHECK(cudaMemcpy2D(managed, 400, host.data(), 200, 200, 10, cudaMemcpyHostToDevice));
  REQUIRE(managed[9] == 9 && managed[100] == -1);
  managed[0] = 12;
  CHECK(cudaMemcpy2D(host.data(), 200, managed, 400, 200, 10, cudaMemcpyDeviceToHost));
  REQUIRE(host[0] == 12);
  CHECK(cudaFree(device));
  CHECK(cudaFree(managed));
}

// Host functions are between kernels of their stream, and read and write the memory.
static void host_functions() {
  int *values;
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaMallocManaged(&values, 1000 * sizeof(int)));
  values[0] = 1;
  for (int round = 0; round < 5; round++) {
    launch_add(values, 10, 1000, stream);
    CHECK(cudaLaunchHostFunc(
        stream, [](void *data) { static_cast<int *>(data)[0] *= 2; }, values));
  }
  launch_add(values, 1, 1000, stream);
  // Touches the memory while the functions are still to run.
  REQUIRE(values[0] == 653 && values[1] == 51);
  CHECK(cudaStreamDestroy(stream));
  CHECK(cudaFree(values));
}

static void threads() {
  std::vector<std::thread> all;
  for (int t = 0; t < 6; t++) {
    all.emplace_back([t] {
      const int n = 20000;
      int *values;
      cudaStream_t stream;
      CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
      CHECK(cudaMallocManaged(&values, n * sizeof(int)));
      for (int round = 0; round < 20; round++) {
        std::fill(values, values + n, t + round);
        launch_add(values, 100, n, stream);
        CHECK(cudaStreamSynchronize(stream));
        for (int i = 0; i < n; i += 97) {
          REQUIRE(values[i] == t + round + 100);
        }
      }
      CHECK(cudaFree(values));
      CHECK(cudaStreamDestroy(stream));
    });
  }
  for (std::thread &each : all) {
    each.join();
  }
}

static void graphs() {
  const int n = 3000;
  int *values;
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaMallocManaged(&values, n * sizeof(int)));
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  launch_add(values, 3, n, stream);
  CHECK(cudaStreamEndCapture(stream, &graph));
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  for (int round = 0; round < 4; round++) {
    values[5] = 10 * round;
    CHECK(cudaGraphLaunch(exec, stream));
    CHECK(cudaStreamSynchronize(stream));
    REQUIRE(values[5] == 10 * round + 3 && values[6] == 3 * (round + 1));
  }
  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphDestroy(graph));
  CHECK(cudaStreamDestroy(stream));
  CHECK(cudaFree(values));
}

static void what_is_told() {
  int *values;
  int value = -1;
  cudaDeviceProp properties;
  cudaPointerAttributes attributes;
  cudaMemLocation device = {cudaMemLocationTypeDevice, 0};
  cudaMemLocation host = {cudaMemLocationTypeHost, 0};
  CHECK(cudaGetDeviceProperties(&properties, 0));
  REQUIRE(properties.managedMemory == 1 && properties.concurrentManagedAccess == 0);
  REQUIRE(properties.canMapHostMemory == 1 && properties.pageableMemoryAccess == 0);
  CHECK(cudaMallocManaged(&values, 10000));
  CHECK(cudaPointerGetAttributes(&attributes, values + 3));
  REQUIRE(attributes.type == cudaMemoryTypeManaged);
  REQUIRE(attributes.devicePointer == values + 3 && attributes.hostPointer == values + 3);
  CHECK(cudaMemAdvise(values, 10000, cudaMemAdviseSetReadMostly, device));
  CHECK(cudaMemRangeGetAttribute(&value, sizeof value, cudaMemRangeAttributeReadMostly, values,
                                 10000));
  REQUIRE(value == 1);
  values[3] = 4;
  CHECK(cudaMemPrefetchAsync(values, 10000, device, 0, nullptr));
  launch_add(values, 1, 2500);
  CHECK(cudaMemPrefetchAsync(values, 10000, host, 0, nullptr));
  CHECK(cudaDeviceSynchronize());
  REQUIRE(values[3] == 5 && values[2499] == 1);
  CHECK(cudaMemRangeGetAttribute(&value, sizeof value, cudaMemRangeAttributeLastPrefetchLocation,
                                 values, 10000));
  REQUIRE(value == cudaCpuDeviceId);
  EXPECT_ERROR(cudaMemPrefetchAsync(values, 20000, device, 0, nullptr), cudaErrorInvalidValue);
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaStreamAttachMemAsync(stream, values, 0, cudaMemAttachSingle));
  CHECK(cudaStreamDestroy(stream));
  CHECK(cudaFree(values));
}

static void mapped_host_memory() {
  const int n = 100000;
  int *host;
  int *device;
  unsigned int flags = 0;
  cudaPointerAttributes attributes;
  CHECK(cudaHostAlloc(&host, n * sizeof(int), cudaHostAllocMapped));
  CHECK(cudaHostGetDevicePointer(&device, host, 0));
  CHECK(cudaHostGetFlags(&flags, host));
  REQUIRE((flags & cudaHostAllocMapped) != 0);
  CHECK(cudaPointerGetAttributes(&attributes, host));
  REQUIRE(attributes.type == cudaMemoryTypeHost && attributes.devicePointer == device);
  std::fill(host, host + n, 6);
  launch_add(device, 1, n);
  CHECK(cudaDeviceSynchronize());
  REQUIRE(host[0] == 7 && host[n - 1] == 7);
  host[1] = 0;
  launch_add(device, 1, n);
  CHECK(cudaMemcpy(host + 10, host, sizeof(int), cudaMemcpyHostToHost));
  REQUIRE(host[10] == 8 && host[1] == 1);
  CHECK(cudaFreeHost(host));
  int *plain;
  CHECK(cudaMallocHost(&plain, 4096));
  plain[0] = 1;
  CHECK(cudaFreeHost(plain));
}

// The program's own memory, and pinned memory that wasn't asked to be mapped.
static void memory_with_another_address() {
  const int n = 16 * 1024;
  const size_t bytes = n * sizeof(int);
  int *host = static_cast<int *>(std::aligned_alloc(4096, bytes));
  int *device;
  cudaPointerAttributes attributes;
  std::fill(host, host + n, 6);
  CHECK(cudaHostRegister(host, bytes, cudaHostRegisterMapped));
  CHECK(cudaHostGetDevicePointer(&device, host, 0));
  CHECK(cudaPointerGetAttributes(&attributes, host));
  REQUIRE(attributes.type == cudaMemoryTypeHost && attributes.hostPointer == host);
  REQUIRE(attributes.devicePointer == device && device != host);
  launch_add(device, 1, n);
  REQUIRE(host[0] == 7 && host[n - 1] == 7);
  host[1] = 0;
  launch_add(device, 1, n);
  CHECK(cudaMemcpy(host + 10, host + 1, sizeof(int), cudaMemcpyDefault));
  REQUIRE(host[10] == 1 && host[11] == 8);
  launch_add(device, 1, n);
  CHECK(cudaHostUnregister(host));
  REQUIRE(host[10] == 2 && host[n - 1] == 9);
  std::free(host);
  CHECK(cudaMallocHost(&host, 4000));
  std::fill(host, host + 1000, 1);
  CHECK(cudaHostGetDevicePointer(&device, host, 0));
  launch_add(device, 1, 1000);
  REQUIRE(host[0] == 2 && host[999] == 2);
  CHECK(cudaFreeHost(host));
}

// After a reset the memory is gone, and new memory works.
static void reset() {
  int *values;
  CHECK(cudaMallocManaged(&values, 4096));
  values[0] = 1;
  CHECK(cudaDeviceReset());
  CHECK(cudaMallocManaged(&values, 4096));
  values[0] = 2;
  launch_add(values, 1, 10);
  CHECK(cudaDeviceSynchronize());
  REQUIRE(values[0] == 3);
  CHECK(cudaFree(values));
}

int main() {
  turns();
  untouched_memory();
  lists();
  copies();
  host_functions();
  threads();
  graphs();
  what_is_told();
  mapped_host_memory();
  memory_with_another_address();
  reset();
  return pass();
}
