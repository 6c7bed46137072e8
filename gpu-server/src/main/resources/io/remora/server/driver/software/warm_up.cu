// SPDX-License-Identifier: Apache-2.0
// What a server compiles and runs before anybody asks it to, so that the compiler's own classes are
// loaded by then: a bit of everything that ordinary kernels are made of. nvcc of CUDA 13.0 made
// warm_up.ptx of it:
//
//   nvcc -std=c++17 -ptx -arch=compute_75 -O3 --generate-line-info -o warm_up.ptx warm_up.cu
//   sed -i 's|^\([[:blank:]]*\.file[[:blank:]]*[0-9]* "\).*/|\1|' warm_up.ptx

#define TILE 16

__constant__ float factors[4] = {1.0f, 0.5f, 0.25f, 0.125f};
__device__ int rounds;

extern "C" __global__ void warmUp(const float* in, float* out, int* counts, int width, int height) {
  __shared__ float tile[TILE][TILE + 1];
  int x = blockIdx.x * TILE + threadIdx.x;
  int y = blockIdx.y * TILE + threadIdx.y;
  bool inside = x < width && y < height;
  tile[threadIdx.y][threadIdx.x] = inside ? in[y * width + x] : 0.0f;
  __syncthreads();
  float sum = 0.0f;
  for (int k = 0; k < TILE; k++) {
    sum += tile[threadIdx.y][k] * tile[k][threadIdx.x];
  }
  double fine = 0.0;
  for (int i = 0; i <= rounds; i++) {
    fine += (double)sum / (i + 1.5);
  }
  __syncthreads();
  for (int offset = 16; offset > 0; offset /= 2) {
    sum += __shfl_down_sync(0xffffffffu, sum, offset);
  }
  unsigned bits = __float_as_uint(sum);
  int slot = (bits >> 3 ^ x * 31 + y) & 15;
  if (threadIdx.x % 32 == 0) {
    atomicAdd(&counts[slot], 1);
  }
  float value = expf(-fabsf(sum)) + sqrtf(sum * sum + 1.0f) * factors[x & 3];
  if (value > 2.0f) {
    value = __logf(value);
  } else if (slot % 3 == 0) {
    value = 1.0f / value;
  }
  if (inside) {
    float4* quads = reinterpret_cast<float4*>(out);
    quads[y * width + x] = make_float4(value, (float)fine, (float)slot, (float)(long long)bits);
  }
}
