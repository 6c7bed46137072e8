// SPDX-License-Identifier: Apache-2.0
// Atomic operations on global and shared memory, and what is built from them.

struct Totals {
  int sum;
  int least;
  int greatest;
  unsigned int leastUnsigned;
  unsigned int greatestUnsigned;
  unsigned int conjunction;
  unsigned int disjunction;
  unsigned int parity;
  unsigned int ring;
  unsigned int countdown;
  unsigned long long longSum;
  unsigned long long longGreatest;
  double doubleSum;
  float floatSum;
  int locked;
};

// Each thread applies all; all these operations give the same result in any order.
extern "C" __global__ void applyAtomics(const int* values, Totals* totals, int* tickets, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  int value = values[i];
  tickets[i] = atomicAdd(&totals->sum, 1);
  atomicMin(&totals->least, value);
  atomicMax(&totals->greatest, value);
  atomicMin(&totals->leastUnsigned, (unsigned int)value);
  atomicMax(&totals->greatestUnsigned, (unsigned int)value);
  atomicAnd(&totals->conjunction, (unsigned int)value | 0xff00u);
  atomicOr(&totals->disjunction, (unsigned int)value & 0xff00ffu);
  atomicXor(&totals->parity, (unsigned int)value);
  atomicInc(&totals->ring, 9u);
  atomicDec(&totals->countdown, 1000u);
  atomicAdd(&totals->longSum, (unsigned long long)(long long)value);
  atomicMax(&totals->longGreatest, (unsigned long long)(unsigned int)value << 16);
  atomicAdd(&totals->doubleSum, (double)value);
  atomicAdd(&totals->floatSum, (float)(value & 15));
}

// A lock around plain accesses, taken by one thread of each block.
extern "C" __global__ void countUnderLock(int* lock, volatile int* counter, int turns) {
  if (threadIdx.x == 0) {
    for (int turn = 0; turn < turns; turn++) {
      while (atomicCAS(lock, 0, 1) != 0) {
      }
      __threadfence();
      *counter = *counter + 1;
      __threadfence();
      atomicExch(lock, 0);
    }
  }
}

// The block that finishes last adds up what the others left: one launch instead of two.
extern "C" {
__device__ unsigned int finishedBlocks = 0;
}

extern "C" __global__ void sumInOneLaunch(const int* values, volatile int* partial, int* result,
                                          int count) {
  __shared__ int sum;
  __shared__ bool last;
  if (threadIdx.x == 0) {
    sum = 0;
  }
  __syncthreads();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    atomicAdd(&sum, values[i]);
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    last = atomicInc(&finishedBlocks, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    int total = 0;
    for (int block = 0; block < gridDim.x; block++) {
      total += partial[block];
    }
    *result = total;
  }
}
