// SPDX-License-Identifier: Apache-2.0
//
// Streams with priorities, events with times, copies that nobody waits for, and functions of the
// host in a stream's order.
#include <cmath>
#include <cstring>

#include "check.h"

__global__ void scale(float *values, float factor, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    values[i] *= factor;
  }
}

struct Steps {
  int order[4];
  int count;
};

static void CUDART_CB note(void *data) {
  Steps *steps = static_cast<Steps *>(data);
  steps->order[steps->count] = steps->count + 1;
  steps->count++;
}

static void CUDART_CB note_status(cudaStream_t, cudaError_t status, void *data) {
  if (status == cudaSuccess) {
    note(data);
  }
}

static float *filled;

static void CUDART_CB fill(void *) {
  for (int i = 0; i < 256; i++) {
    filled[i] = 0.5f * i;
  }
}

// Each part of an array goes up, is scaled, and comes down in a stream of its own.
static void parts_in_streams() {
  const int streams = 4;
  const int part = 50'000;
  float *host;
  float *device;
  CHECK(cudaMallocHost(&host, streams * part * sizeof(float)));
  CHECK(cudaMalloc(&device, streams * part * sizeof(float)));
  for (int i = 0; i < streams * part; i++) {
    host[i] = i;
  }
  cudaStream_t stream[streams];
  cudaEvent_t done[streams];
  for (int s = 0; s < streams; s++) {
    CHECK(cudaStreamCreateWithFlags(&stream[s], cudaStreamNonBlocking));
    CHECK(cudaEventCreateWithFlags(&done[s], cudaEventDisableTiming));
    float *from = host + s * part;
    float *at = device + s * part;
    CHECK(cudaMemcpyAsync(at, from, part * sizeof(float), cudaMemcpyHostToDevice, stream[s]));
    scale<<<16, 128, 0, stream[s]>>>(at, s + 2.0f, part);
    CHECK(cudaMemcpyAsync(from, at, part * sizeof(float), cudaMemcpyDeviceToHost, stream[s]));
    CHECK(cudaEventRecord(done[s], stream[s]));
  }
  for (int s = 0; s < streams; s++) {
    CHECK(cudaEventSynchronize(done[s]));
    CHECK(cudaEventQuery(done[s]));
    for (int i = s * part; i < (s + 1) * part; i++) {
      REQUIRE(host[i] == (s + 2.0f) * i);
    }
    CHECK(cudaStreamQuery(stream[s]));
    CHECK(cudaEventDestroy(done[s]));
    CHECK(cudaStreamDestroy(stream[s]));
  }
  CHECK(cudaFreeHost(host));
  CHECK(cudaFree(device));
}

// What a stream downloads into pinned memory, and what a host function writes there, a later copy
// of the same stream reads.
static void pinned_memory_in_order() {
  float *device;
  float *other;
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaHostAlloc(&filled, 256 * sizeof(float), cudaHostAllocDefault));
  CHECK(cudaMalloc(&device, 256 * sizeof(float)));
  CHECK(cudaMalloc(&other, 256 * sizeof(float)));
  CHECK(cudaLaunchHostFunc(stream, fill, nullptr));
  CHECK(cudaMemcpyAsync(device, filled, 1024, cudaMemcpyHostToDevice, stream));
  scale<<<1, 256, 0, stream>>>(device, 4.0f, 256);
  CHECK(cudaMemcpyAsync(filled, device, 1024, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaMemcpyAsync(other, filled, 1024, cudaMemcpyHostToDevice, stream));
  scale<<<1, 256, 0, stream>>>(other, 3.0f, 256);
  float results[256];
  CHECK(cudaMemcpyAsync(results, other, 1024, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  for (int i = 0; i < 256; i++) {
    REQUIRE(filled[i] == 2.0f * i);
    REQUIRE(results[i] == 6.0f * i);
  }
  CHECK(cudaFreeHost(filled));
  CHECK(cudaFree(device));
  CHECK(cudaFree(other));
  CHECK(cudaStreamDestroy(stream));
}

static void host_functions_in_order() {
  Steps steps;
  std::memset(&steps, 0, sizeof steps);
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaLaunchHostFunc(stream, note, &steps));
  CHECK(cudaStreamAddCallback(stream, note_status, &steps, 0));
  CHECK(cudaLaunchHostFunc(stream, note, &steps));
  CHECK(cudaStreamSynchronize(stream));
  REQUIRE(steps.count == 3 && steps.order[2] == 3);
  CHECK(cudaStreamDestroy(stream));
}

static void events_order_streams_and_measure() {
  float *device;
  const int n = 1 << 20;
  CHECK(cudaMalloc(&device, n * sizeof(float)));
  CHECK(cudaMemset(device, 0, n * sizeof(float)));
  // The streams to come don't wait for the default stream.
  CHECK(cudaDeviceSynchronize());
  cudaStream_t first;
  cudaStream_t second;
  int least;
  int greatest;
  CHECK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  REQUIRE(greatest <= least);
  CHECK(cudaStreamCreateWithPriority(&first, cudaStreamNonBlocking, greatest));
  CHECK(cudaStreamCreateWithPriority(&second, cudaStreamNonBlocking, least));
  int priority;
  unsigned int flags;
  CHECK(cudaStreamGetPriority(first, &priority));
  CHECK(cudaStreamGetFlags(first, &flags));
  REQUIRE(priority == greatest && flags == cudaStreamNonBlocking);
  cudaEvent_t begin;
  cudaEvent_t end;
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreate(&end));
  CHECK(cudaEventRecord(begin, first));
  CHECK(cudaMemsetAsync(device, 0x3f, n * sizeof(float), first));
  for (int i = 0; i < 20; i++) {
    scale<<<64, 256, 0, first>>>(device, 2.0f, n);
  }
  CHECK(cudaEventRecord(end, first));
  CHECK(cudaStreamWaitEvent(second, end, 0));
  float last;
  CHECK(cudaMemcpyAsync(&last, device + n - 1, sizeof last, cudaMemcpyDeviceToHost, second));
  CHECK(cudaStreamSynchronize(second));
  unsigned int bits = 0x3f3f3f3f;
  float filled_value;
  std::memcpy(&filled_value, &bits, sizeof bits);
  REQUIRE(last == std::ldexp(filled_value, 20));
  float millis = -1;
  CHECK(cudaEventElapsedTime(&millis, begin, end));
  REQUIRE(millis > 0);
  CHECK(cudaEventDestroy(begin));
  CHECK(cudaEventDestroy(end));
  CHECK(cudaStreamDestroy(first));
  CHECK(cudaStreamDestroy(second));
  CHECK(cudaFree(device));
}

int main() {
  parts_in_streams();
  pinned_memory_in_order();
  host_functions_in_order();
  events_order_streams_and_measure();
  return pass();
}
