// SPDX-License-Identifier: Apache-2.0
// nvcc: compute_80
// Products of small matrices by the warp-wide instructions: D = A * B, with A and B made from in[].

#include <cuda_bf16.h>
#include <mma.h>

using namespace nvcuda;

__shared__ __align__(16) unsigned char room[8192];

template <int M, int N, int K, typename Element, typename Sum, typename LayoutA, typename LayoutB>
__device__ void multiply(Sum* out, const int* in) {
  Element* a = reinterpret_cast<Element*>(room);
  Element* b = a + M * K;
  for (int i = threadIdx.x; i < M * K; i += 32) {
    a[i] = Element(float(in[i]));
  }
  for (int i = threadIdx.x; i < K * N; i += 32) {
    b[i] = Element(float(in[M * K + i]));
  }
  __syncwarp();
  wmma::fragment<wmma::matrix_a, M, N, K, Element, LayoutA> left;
  wmma::fragment<wmma::matrix_b, M, N, K, Element, LayoutB> right;
  wmma::fragment<wmma::accumulator, M, N, K, Sum> sum;
  wmma::fill_fragment(sum, Sum(1));
  constexpr bool rowA = std::is_same<LayoutA, wmma::row_major>::value;
  constexpr bool rowB = std::is_same<LayoutB, wmma::row_major>::value;
  wmma::load_matrix_sync(left, a, rowA ? K : M);
  wmma::load_matrix_sync(right, b, rowB ? N : K);
  wmma::mma_sync(sum, left, right, sum);
  wmma::store_matrix_sync(out, sum, N, wmma::mem_row_major);
}

#define PRODUCT(name, M, N, K, Element, Sum, LayoutA, LayoutB)                        \
  extern "C" __global__ void name(Sum* out, const int* in, int count) {               \
    multiply<M, N, K, Element, Sum, wmma::LayoutA, wmma::LayoutB>(out, in);           \
  }

PRODUCT(wmmaHalf, 16, 16, 16, __half, float, row_major, col_major)
PRODUCT(wmmaHalfTall, 32, 8, 16, __half, float, col_major, row_major)
PRODUCT(wmmaBfloat, 8, 32, 16, __nv_bfloat16, float, row_major, row_major)
PRODUCT(wmmaBytes, 16, 16, 16, signed char, int, row_major, col_major)
PRODUCT(wmmaDouble, 8, 8, 4, double, double, row_major, col_major)

extern "C" __global__ void wmmaTensorFloat(float* out, const int* in, int count) {
  float* a = reinterpret_cast<float*>(room);
  float* b = a + 128;
  for (int i = threadIdx.x; i < 128; i += 32) {
    a[i] = wmma::__float_to_tf32(float(in[i]));
    b[i] = wmma::__float_to_tf32(float(in[128 + i]));
  }
  __syncwarp();
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> left;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::col_major> right;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> sum;
  wmma::fill_fragment(sum, 1.0f);
  wmma::load_matrix_sync(left, a, 8);
  wmma::load_matrix_sync(right, b, 8);
  wmma::mma_sync(sum, left, right, sum);
  wmma::store_matrix_sync(out, sum, 16, wmma::mem_row_major);
}

// 16 x 8 by ldmatrix and mma.sync, as libraries do: rows of A, and of B transposed, in shared memory.
extern "C" __global__ void mmaHalf(float* out, const int* in, int count) {
  __half* a = reinterpret_cast<__half*>(room);
  __half* b = a + 256;
  for (int i = threadIdx.x; i < 256; i += 32) {
    a[i] = __half(float(in[i]));
  }
  for (int i = threadIdx.x; i < 128; i += 32) {
    b[i] = __half(float(in[256 + i]));
  }
  __syncwarp();
  int lane = threadIdx.x;
  unsigned int a0, a1, a2, a3, b0, b1;
  unsigned int rowOfA = __cvta_generic_to_shared(a + lane % 16 * 16 + lane / 16 * 8);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3)
               : "r"(rowOfA));
  // B is 16 x 8, row by row: its columns are wanted.
  unsigned int rowOfB = __cvta_generic_to_shared(b + lane % 16 * 8);
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(b0), "=r"(b1)
               : "r"(rowOfB));
  float d0 = 1, d1 = 1, d2 = 1, d3 = 1;
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3)
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  int row = lane / 4;
  int column = lane % 4 * 2;
  out[row * 8 + column] = d0;
  out[row * 8 + column + 1] = d1;
  out[(row + 8) * 8 + column] = d2;
  out[(row + 8) * 8 + column + 1] = d3;
}

// The same with bytes: 16 x 8 x 32.
extern "C" __global__ void mmaBytes(int* out, const int* in, int count) {
  int lane = threadIdx.x;
  int row = lane / 4;
  unsigned int a[4], b[2];
  for (int part = 0; part < 4; part++) {
    a[part] = 0;
    for (int i = 0; i < 4; i++) {
      int k = lane % 4 * 4 + i + part / 2 * 16;
      a[part] |= (in[(row + part % 2 * 8) * 32 + k] & 255) << 8 * i;
    }
  }
  for (int part = 0; part < 2; part++) {
    b[part] = 0;
    for (int i = 0; i < 4; i++) {
      int k = lane % 4 * 4 + i + part * 16;
      b[part] |= (in[512 + k * 8 + row] & 255) << 8 * i;
    }
  }
  int d0 = 1, d1 = 1, d2 = 1, d3 = 1;
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.s8.s32 {%0, %1, %2, %3}, "
      "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(d0), "+r"(d1), "+r"(d2), "+r"(d3)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  int column = lane % 4 * 2;
  out[row * 8 + column] = d0;
  out[row * 8 + column + 1] = d1;
  out[(row + 8) * 8 + column] = d2;
  out[(row + 8) * 8 + column + 1] = d3;
}
