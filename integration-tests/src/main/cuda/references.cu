// SPDX-License-Identifier: Apache-2.0
// nvcc: compute_90
// Atomic operations with orders and scopes, on narrow types, on halves and on vectors.

#include <cuda/atomic>
#include <cuda_fp16.h>

extern "C" __global__ void atomicReferences(int* out, const int* in, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < 512) {
    cuda::atomic_ref<int, cuda::thread_scope_device> total(out[0]);
    total.fetch_add(in[i], cuda::memory_order_relaxed);
    cuda::atomic_ref<int, cuda::thread_scope_system> greatest(out[1]);
    greatest.fetch_max(in[i], cuda::memory_order_acq_rel);
    cuda::atomic_ref<unsigned char> bytes(reinterpret_cast<unsigned char*>(out + 2)[i & 3]);
    bytes.fetch_add(1);
    cuda::atomic_ref<int> swapped(out[3]);
    int expected = swapped.load(cuda::memory_order_acquire);
    while (!swapped.compare_exchange_weak(expected, expected + 2, cuda::memory_order_release)) {
    }
  }
}

extern "C" __global__ void atomicVectors(float* out, const int* in, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < 512) {
    float value = in[i] & 15;
    atomicAdd(reinterpret_cast<float4*>(out), make_float4(value, 1, 2 * value, -1));
    atomicAdd(reinterpret_cast<__half2*>(out + 4), __floats2half2_rn(1, 0));
    atomicAdd(out + 6, 0.5f);
  }
}

extern "C" __global__ void scopedAdditions(unsigned long long* out, const unsigned long long* in,
                                           int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < 256) {
    atomicAdd_block(out, in[i]);
    atomicAdd_system(out + 1, in[i] >> 8);
    atomicXor(out + 2, in[i]);
    atomicMax(out + 3, in[i]);
    __threadfence();
  }
}
