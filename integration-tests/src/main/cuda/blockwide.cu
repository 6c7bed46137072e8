// SPDX-License-Identifier: Apache-2.0
// nvcc: compute_80
// Algorithms of CUB over one block of 128 threads with 4 elements each.

#include <cub/block/block_merge_sort.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/warp/warp_scan.cuh>

extern "C" __global__ void blockSum(int* out, const int* in, int count) {
  typedef cub::BlockReduce<int, 128> Reduce;
  __shared__ typename Reduce::TempStorage storage;
  int sum = Reduce(storage).Sum(in[threadIdx.x]);
  if (threadIdx.x == 0) {
    out[0] = sum;
  }
}

extern "C" __global__ void blockScan(int* out, const int* in, int count) {
  typedef cub::BlockScan<int, 128> Scan;
  __shared__ typename Scan::TempStorage storage;
  int prefix;
  Scan(storage).ExclusiveSum(in[threadIdx.x], prefix);
  out[threadIdx.x] = prefix;
}

extern "C" __global__ void radixSort(int* out, const int* in, int count) {
  typedef cub::BlockRadixSort<int, 128, 4> Sort;
  __shared__ typename Sort::TempStorage storage;
  int values[4];
  for (int k = 0; k < 4; k++) {
    values[k] = in[threadIdx.x * 4 + k];
  }
  Sort(storage).Sort(values);
  for (int k = 0; k < 4; k++) {
    out[threadIdx.x * 4 + k] = values[k];
  }
}

struct Less {
  __device__ bool operator()(int a, int b) const { return a < b; }
};

extern "C" __global__ void mergeSort(int* out, const int* in, int count) {
  typedef cub::BlockMergeSort<int, 128, 4> Sort;
  __shared__ typename Sort::TempStorage storage;
  int values[4];
  for (int k = 0; k < 4; k++) {
    values[k] = in[threadIdx.x * 4 + k];
  }
  Sort(storage).Sort(values, Less());
  for (int k = 0; k < 4; k++) {
    out[threadIdx.x * 4 + k] = values[k];
  }
}

extern "C" __global__ void warpScan(double* out, const double* in, int count) {
  typedef cub::WarpScan<double> Scan;
  __shared__ typename Scan::TempStorage storage[4];
  double sum;
  Scan(storage[threadIdx.x / 32]).InclusiveSum(in[threadIdx.x], sum);
  out[threadIdx.x] = sum;
}
