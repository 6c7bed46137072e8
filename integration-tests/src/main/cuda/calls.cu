// SPDX-License-Identifier: Apache-2.0
// nvcc: compute_80
// Recursion, pointers to functions, virtual functions, structures by value, memory from the heap
// and from the stack.

#include <cstdlib>
#include <new>

__device__ __noinline__ int ackermann(int m, int n) {
  return m == 0 ? n + 1 : ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

extern "C" __global__ void recursion(int* out, const int* in, int count) {
  int i = threadIdx.x;
  out[i] = ackermann(i % 3, in[i] & 7);
}

__device__ __noinline__ int sum(int a, int b) { return a + b; }
__device__ __noinline__ int difference(int a, int b) { return a - b; }
__device__ __noinline__ int product(int a, int b) { return a * b; }

typedef int (*Operation)(int, int);
__device__ Operation operations[3] = {sum, difference, product};

extern "C" __global__ void functionPointers(int* out, const int* in, int count) {
  int i = threadIdx.x;
  out[i] = operations[i % 3](in[i], i);
}

struct Shape {
  __device__ virtual ~Shape() {}
  __device__ virtual int area() const = 0;
};

struct Square : Shape {
  int side;
  __device__ explicit Square(int side) : side(side) {}
  __device__ int area() const override { return side * side; }
};

struct Rectangle : Square {
  int height;
  __device__ Rectangle(int side, int height) : Square(side), height(height) {}
  __device__ int area() const override { return side * height; }
};

extern "C" __global__ void virtualFunctions(int* out, const int* in, int count) {
  int i = threadIdx.x;
  Shape* shape = in[i] & 1 ? static_cast<Shape*>(new Square(i)) : new Rectangle(i, in[i]);
  out[i] = shape ? shape->area() : -1;
  delete shape;
}

struct Node {
  int value;
  Node* next;
};

// A list of nodes from malloc, turned round, summed with weights, and freed.
extern "C" __global__ void lists(int* out, const int* in, int count) {
  int i = threadIdx.x;
  Node* list = nullptr;
  for (int k = 0; k < 10; k++) {
    Node* node = static_cast<Node*>(malloc(sizeof(Node)));
    if (node == nullptr) {
      out[i] = -1;
      return;
    }
    node->value = in[i] + k;
    node->next = list;
    list = node;
  }
  int total = 0;
  for (int weight = 1; list != nullptr; weight++) {
    Node* next = list->next;
    total += weight * list->value;
    free(list);
    list = next;
  }
  out[i] = total;
}

struct Large {
  int values[24];
};

__device__ __noinline__ Large rotated(Large from, int by) {
  Large to;
  for (int k = 0; k < 24; k++) {
    to.values[k] = from.values[(k + by) % 24];
  }
  return to;
}

extern "C" __global__ void structures(int* out, const int* in, int count) {
  int i = threadIdx.x;
  Large large;
  for (int k = 0; k < 24; k++) {
    large.values[k] = in[k] + i;
  }
  large = rotated(rotated(large, i % 24), 5);
  out[i] = large.values[3] + 1000 * large.values[20];
}

extern "C" __global__ void stackMemory(int* out, const int* in, int count) {
  int i = threadIdx.x;
  int length = 1 + (in[i] & 31);
  int* values = static_cast<int*>(alloca(length * sizeof(int)));
  for (int k = 0; k < length; k++) {
    values[k] = k * i;
  }
  int total = 0;
  for (int k = 0; k < length; k++) {
    total += values[length - 1 - k] * k;
  }
  out[i] = total;
}

// A dense switch with more work in each case than a table of values.
extern "C" __global__ void switches(int* out, const int* in, int count) {
  int i = threadIdx.x;
  int value = in[i];
  switch (value & 7) {
    case 0: value = value * 3 + i; break;
    case 1: value = value / 7 - i; break;
    case 2: value ^= i << 4; break;
    case 3: value = __popc(value) * i; break;
    case 4: value = value % 13; break;
    case 5: value = -value; break;
    case 6: value |= 255;
    default: value += 17;
  }
  out[i] = value;
}
