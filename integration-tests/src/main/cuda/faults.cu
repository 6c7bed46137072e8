// SPDX-License-Identifier: Apache-2.0
// Kernels that go wrong on purpose.

// Writes to any address that it is told, which need not be one of its own.
extern "C" __global__ void writeTo(unsigned long long address, int value) {
  *reinterpret_cast<int*>(address) = value;
}

// Reads from any address that it is told.
extern "C" __global__ void readFrom(unsigned long long address, int* value) {
  *value = *reinterpret_cast<const int*>(address);
}

// Forgets to check its index: every thread of the grid writes.
extern "C" __global__ void writeUnchecked(int* values, int value) {
  values[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

// Ends by the trap instruction.
extern "C" __global__ void trapAlways() {
  __trap();
}

// Runs until the flag isn't zero.
extern "C" __global__ void spinUntil(volatile int* flag) {
  while (*flag == 0) {
  }
}

// Runs forever; what it counts keeps the compiler from removing the loop.
extern "C" __global__ void spinForever(volatile unsigned int* turns) {
  for (;;) {
    *turns = *turns + 1;
  }
}

// Works for about that many turns of a dependent computation: a launch of a chosen length.
extern "C" __global__ void busy(unsigned int* result, unsigned int turns) {
  unsigned int value = blockIdx.x * blockDim.x + threadIdx.x;
  for (unsigned int i = 0; i < turns; i++) {
    value = value * 1664525u + 1013904223u;
  }
  result[blockIdx.x * blockDim.x + threadIdx.x] = value;
}
