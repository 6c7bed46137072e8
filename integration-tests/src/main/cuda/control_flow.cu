// SPDX-License-Identifier: Apache-2.0
// Shapes of code: calls, recursion, function pointers, switches, loops that part threads, local
// arrays, structures as parameters, constants that the module initialises.

struct Shape {
  int sides;
  float lengths[3];
  short tag;
  long long serial;
};

__constant__ int primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};
__device__ const char text[] = "remora";

__device__ __noinline__ int depthOf(int n) {
  return n <= 1 ? 1 : depthOf(n - 1) + depthOf(n - 2);
}

__device__ int twice(int n) { return 2 * n; }
__device__ int square(int n) { return n * n; }
__device__ int negate(int n) { return -n; }

typedef int (*Operation)(int);
__device__ Operation operations[3] = {twice, square, negate};

__device__ __noinline__ Shape grow(Shape shape, int by) {
  shape.sides += by;
  shape.lengths[by & 1] *= 2.0f;
  shape.serial -= by;
  return shape;
}

__device__ __noinline__ int classify(int n) {
  switch (n) {
    case 0: return 17;
    case 1: return n + 40;
    case 2: return 3;
    case 3: return primes[n];
    case 4: return -9;
    case 5: return 1000;
    case 6: return n * n * n;
    case 9: return 5;
    default: return -1;
  }
}

extern "C" __global__ void controlFlow(const int* values, int* results, Shape shape) {
  int thread = blockIdx.x * blockDim.x + threadIdx.x;
  int value = values[thread];
  int* r = results + 10 * thread;
  r[0] = classify(value & 15);
  r[1] = depthOf(value & 7);
  r[2] = operations[(value & 0xff) % 3](value & 0xff);
  Shape grown = grow(shape, value & 3);
  r[3] = grown.sides * 100 + (int)grown.lengths[0] * 10 + (int)grown.lengths[1] + grown.tag;
  r[4] = (int)grown.serial;

  // The array's place is chosen at run time, so it lies in local memory.
  int local[16];
  for (int i = 0; i < 16; i++) {
    local[i] = value + i;
  }
  for (int i = 0; i < 16; i++) {
    local[(i * 5 + value) & 15] ^= local[i] >> 1;
  }
  r[5] = local[value & 15] + local[(value + 7) & 15];

  // Collatz: each thread takes another number of turns.
  unsigned int n = (value & 0xff) + 1;
  int turns = 0;
  while (n != 1) {
    n = n & 1 ? 3 * n + 1 : n >> 1;
    turns++;
    if (turns > 200) {
      break;
    }
  }
  r[6] = turns;

  int sum = 0;
  for (int i = 0; i < 8; i++) {
    if ((value >> i & 1) == 0) {
      continue;
    }
    for (int j = 0; j <= i; j++) {
      sum += primes[j];
      if (sum > 60) {
        goto done;
      }
    }
  }
done:
  r[7] = sum;
  r[8] = text[(value & 0xff) % 7];
  r[9] = (value & 1 ? (value & 2 ? 5 : value & 4 ? 6 : 7) : value & 8 ? 8 : 9) +
         (value > 0 && (value & 3) == 3 || value < -100 ? 100 : 0);
}

// Threads leave early, and the rest still meets at the barrier; shared memory of two types.
extern "C" __global__ void sharedViews(const int* values, int* results, int used) {
  extern __shared__ unsigned char raw[];
  int* words = reinterpret_cast<int*>(raw);
  double* numbers = reinterpret_cast<double*>(raw + 4 * blockDim.x);
  words[threadIdx.x] = values[threadIdx.x];
  numbers[threadIdx.x] = values[threadIdx.x] * 0.5;
  __syncthreads();
  if (threadIdx.x >= used) {
    return;
  }
  int other = used - 1 - threadIdx.x;
  results[threadIdx.x] = words[other] + (int)numbers[(other * 3) % used];
}
