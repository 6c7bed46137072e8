// SPDX-License-Identifier: Apache-2.0
// Small kernels that tests need: what a call costs, in which order calls ran, what faults do.

extern "C" {
__device__ unsigned int runs;
__device__ int limits[4] = {1, 2, 3, 4};
}

// Does nothing: the cost of a launch alone.
extern "C" __global__ void emptyKernel() {}

// values[i] = start + i * step.
extern "C" __global__ void fillSequence(int* values, int start, int step, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    values[i] = start + i * step;
  }
}

// Adds to each element; a lost or doubled launch shows.
extern "C" __global__ void increment(int* values, int amount, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) {
    values[i] += amount;
  }
}

// x = (x * factor + summand) modulo 2^32: launches that change places give another result.
extern "C" __global__ void multiplyThenAdd(unsigned int* value, unsigned int factor,
                                           unsigned int summand) {
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    *value = *value * factor + summand;
  }
}

// Appends a tag to a log, whose first element counts the entries.
extern "C" __global__ void appendToLog(int* log, int tag, int capacity) {
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    int entry = atomicAdd(&log[0], 1);
    if (entry < capacity) {
      log[1 + entry] = tag;
    }
  }
}

// Counts its runs in a variable of the module.
extern "C" __global__ void countRun() {
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    atomicAdd(&runs, 1u);
  }
}

// The sum of a variable that the module initialises.
extern "C" __global__ void sumOfLimits(int* sum) {
  *sum = limits[0] + limits[1] + limits[2] + limits[3];
}

// Each thread tells its coordinates: 8 values per thread, in order of the linear thread number.
extern "C" __global__ void describeThreads(int* values) {
  int threadsPerBlock = blockDim.x * blockDim.y * blockDim.z;
  int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  int* mine = values + 8 * (block * threadsPerBlock + thread);
  mine[0] = blockIdx.x;
  mine[1] = blockIdx.y;
  mine[2] = blockIdx.z;
  mine[3] = threadIdx.x;
  mine[4] = threadIdx.y;
  mine[5] = threadIdx.z;
  mine[6] = thread & 31;
  mine[7] = thread >> 5;
}
