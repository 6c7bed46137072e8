// SPDX-License-Identifier: Apache-2.0
// Exchanges within a warp and a block, also where threads have parted ways.

#define RESULTS 20
#define ALL 0xffffffffu

extern "C" __global__ void warpOperations(const int* values, int* results) {
  int thread = blockIdx.x * blockDim.x + threadIdx.x;
  int lane = threadIdx.x & 31;
  int value = values[thread];
  int* r = results + thread * RESULTS;
  r[0] = __shfl_sync(ALL, value, 5);
  r[1] = __shfl_sync(ALL, value, lane * 7);
  r[2] = __shfl_up_sync(ALL, value, 3);
  r[3] = __shfl_down_sync(ALL, value, 9);
  r[4] = __shfl_xor_sync(ALL, value, 17);
  r[5] = __shfl_sync(ALL, value, 2, 8);
  r[6] = __shfl_down_sync(ALL, value, 3, 16);
  r[7] = __all_sync(ALL, value > -1000) | __any_sync(ALL, value == 77) << 1;
  r[8] = __ballot_sync(ALL, value & 1);
  r[9] = __match_any_sync(ALL, value & 3);
  int same = 0;
  r[10] = __match_all_sync(ALL, value >> 20, &same);
  r[11] = same != 0;
  // Odd lanes and even lanes talk among themselves.
  if (lane & 1) {
    r[12] = __shfl_sync(0xaaaaaaaau, value, 31);
    r[13] = __activemask() >> lane & 1;
  } else {
    r[12] = __shfl_sync(0x55555555u, value + 1, 0);
    r[13] = __activemask() >> lane & 1;
  }
  __syncwarp();
  // Lanes leave the loop one after another; each time the others vote.
  unsigned int votes = 0;
  for (int turn = 0; turn <= lane; turn++) {
    votes += __popc(__ballot_sync(ALL << turn, (value >> turn & 1) != 0));
  }
  __syncwarp();
  r[14] = votes;
  r[15] = __syncthreads_count(value > 0);
  r[16] = __syncthreads_and(value > -1000) != 0;
  r[17] = __syncthreads_or(value == 77) != 0;
  // 64-bit values and floats cross in halves or as bits.
  long long wide = __shfl_xor_sync(ALL, (long long)value * 0x100000001ll, 1);
  r[18] = (int)(wide >> 32) ^ (int)wide;
  r[19] = __float2int_rn(__shfl_down_sync(ALL, (float)value, 1));
}

// Two halves of a block meet at barriers of their own, then hand over to each other.
extern "C" __global__ void namedBarriers(const int* values, int* results) {
  __shared__ int left[64];
  __shared__ int right[64];
  int t = threadIdx.x;
  int sum = 0;
  if (t < 64) {
    left[t] = values[t];
    asm volatile("bar.sync 1, 64;" ::: "memory");
    sum = left[63 - t] * 2;
  } else {
    right[t - 64] = values[t];
    asm volatile("bar.sync 2, 64;" ::: "memory");
    sum = right[127 - t] * 3;
  }
  __syncthreads();
  if (t < 64) {
    sum += right[t];
  } else {
    sum += left[t - 64];
  }
  results[t] = sum;
}
