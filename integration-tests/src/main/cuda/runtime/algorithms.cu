// SPDX-License-Identifier: Apache-2.0
//
// Sorting, reducing, scanning, selecting and their like as programs do them: by CUB's and Thrust's
// kernels, with results that the host computes, too.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <vector>

#include <cub/cub.cuh>
#include <cuda/std/functional>
#include <thrust/binary_search.h>
#include <thrust/copy.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/host_vector.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/set_operations.h>
#include <thrust/sort.h>
#include <thrust/transform_reduce.h>
#include <thrust/unique.h>

#include "check.h"

static const int COUNT = 20011;

// The same numbers each time, without order.
template <typename T>
static std::vector<T> numbers(int count, uint32_t limit) {
  std::vector<T> values(count);
  uint32_t state = 12345;
  for (T &value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<T>((state >> 8) % limit) - static_cast<T>(limit / 4);
  }
  return values;
}

template <typename T>
static T *to_device(const std::vector<T> &values) {
  T *memory;
  CHECK(cudaMalloc(&memory, values.size() * sizeof(T)));
  CHECK(cudaMemcpy(memory, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return memory;
}

template <typename T>
static T *new_device(size_t count) {
  T *memory;
  CHECK(cudaMalloc(&memory, count * sizeof(T)));
  return memory;
}

template <typename T>
static std::vector<T> from_device(const T *memory, size_t count) {
  std::vector<T> values(count);
  CHECK(cudaMemcpy(values.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost));
  return values;
}

// CUB's algorithms say first how much memory they need.
template <typename Call>
static void run(Call call) {
  size_t bytes = 0;
  CHECK(call(nullptr, bytes));
  void *memory;
  CHECK(cudaMalloc(&memory, bytes == 0 ? 1 : bytes));
  CHECK(call(memory, bytes));
  CHECK(cudaFree(memory));
}

template <typename T>
static void radix_sort(uint32_t limit) {
  std::vector<T> keys = numbers<T>(COUNT, limit);
  std::vector<int> places(COUNT);
  std::iota(places.begin(), places.end(), 0);
  T *in = to_device(keys);
  T *out = new_device<T>(COUNT);
  int *places_in = to_device(places);
  int *places_out = new_device<int>(COUNT);
  run([&](void *memory, size_t &bytes) {
    return cub::DeviceRadixSort::SortPairs(memory, bytes, in, out, places_in, places_out, COUNT);
  });
  std::stable_sort(places.begin(), places.end(), [&](int a, int b) { return keys[a] < keys[b]; });
  REQUIRE(from_device(places_out, COUNT) == places);
  run([&](void *memory, size_t &bytes) {
    return cub::DeviceRadixSort::SortKeysDescending(memory, bytes, in, out, COUNT);
  });
  std::sort(keys.begin(), keys.end(), std::greater<T>());
  REQUIRE(from_device(out, COUNT) == keys);
  CHECK(cudaFree(in));
  CHECK(cudaFree(out));
  CHECK(cudaFree(places_in));
  CHECK(cudaFree(places_out));
}

static void merge_sort() {
  std::vector<int> keys = numbers<int>(COUNT, 1000);
  int *memory = to_device(keys);
  run([&](void *room, size_t &bytes) {
    return cub::DeviceMergeSort::SortKeys(room, bytes, memory, COUNT, cuda::std::less<int>());
  });
  std::sort(keys.begin(), keys.end());
  REQUIRE(from_device(memory, COUNT) == keys);
  CHECK(cudaFree(memory));
}

static void reduce_and_scan() {
  std::vector<int> values = numbers<int>(COUNT, 1000);
  int *in = to_device(values);
  int *out = new_device<int>(COUNT);
  run([&](void *room, size_t &bytes) {
    return cub::DeviceReduce::Sum(room, bytes, in, out, COUNT);
  });
  REQUIRE(from_device(out, 1)[0] == std::accumulate(values.begin(), values.end(), 0));
  run([&](void *room, size_t &bytes) {
    return cub::DeviceReduce::Max(room, bytes, in, out, COUNT);
  });
  REQUIRE(from_device(out, 1)[0] == *std::max_element(values.begin(), values.end()));
  run([&](void *room, size_t &bytes) {
    return cub::DeviceScan::ExclusiveSum(room, bytes, in, out, COUNT);
  });
  std::vector<int> sums(COUNT);
  std::exclusive_scan(values.begin(), values.end(), sums.begin(), 0);
  REQUIRE(from_device(out, COUNT) == sums);
  run([&](void *room, size_t &bytes) {
    return cub::DeviceScan::InclusiveScan(room, bytes, in, out, cuda::maximum<int>(), COUNT);
  });
  std::inclusive_scan(values.begin(), values.end(), sums.begin(),
                      [](int a, int b) { return std::max(a, b); });
  REQUIRE(from_device(out, COUNT) == sums);

  int offsets_host[] = {0, 17, 17, 4000, COUNT};
  std::vector<int> offsets(offsets_host, offsets_host + 5);
  int *offsets_memory = to_device(offsets);
  run([&](void *room, size_t &bytes) {
    return cub::DeviceSegmentedReduce::Sum(room, bytes, in, out, 4, offsets_memory,
                                           offsets_memory + 1);
  });
  std::vector<int> segments = from_device(out, 4);
  for (int i = 0; i < 4; i++) {
    REQUIRE(segments[i] == std::accumulate(values.begin() + offsets[i],
                                           values.begin() + offsets[i + 1], 0));
  }
  CHECK(cudaFree(offsets_memory));
  CHECK(cudaFree(in));
  CHECK(cudaFree(out));
}

struct IsOdd {
  __host__ __device__ bool operator()(int value) const { return (value & 1) != 0; }
};

static void select_and_count() {
  std::vector<int> values = numbers<int>(COUNT, 64);
  std::sort(values.begin(), values.begin() + COUNT / 2);
  int *in = to_device(values);
  int *out = new_device<int>(COUNT);
  int *counts = new_device<int>(COUNT);
  int *count = new_device<int>(1);
  run([&](void *room, size_t &bytes) {
    return cub::DeviceSelect::If(room, bytes, in, out, count, COUNT, IsOdd());
  });
  std::vector<int> odd;
  std::copy_if(values.begin(), values.end(), std::back_inserter(odd), IsOdd());
  REQUIRE(from_device(count, 1)[0] == static_cast<int>(odd.size()));
  REQUIRE(from_device(out, odd.size()) == odd);

  std::vector<int> unique(values);
  unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
  run([&](void *room, size_t &bytes) {
    return cub::DeviceRunLengthEncode::Encode(room, bytes, in, out, counts, count, COUNT);
  });
  REQUIRE(from_device(count, 1)[0] == static_cast<int>(unique.size()));
  REQUIRE(from_device(out, unique.size()) == unique);
  std::vector<int> lengths = from_device(counts, unique.size());
  REQUIRE(std::accumulate(lengths.begin(), lengths.end(), 0) == COUNT);

  run([&](void *room, size_t &bytes) {
    return cub::DeviceHistogram::HistogramEven(room, bytes, in, counts, 65, -16, 48, COUNT);
  });
  std::vector<int> bins(64);
  for (int value : values) {
    bins[value + 16]++;
  }
  REQUIRE(from_device(counts, 64) == bins);
  CHECK(cudaFree(in));
  CHECK(cudaFree(out));
  CHECK(cudaFree(counts));
  CHECK(cudaFree(count));
}

struct Square {
  __host__ __device__ long long operator()(int value) const {
    return static_cast<long long>(value) * value;
  }
};

static void with_thrust() {
  std::vector<int> values = numbers<int>(COUNT, 5000);
  thrust::device_vector<int> on_device(values.begin(), values.end());
  long long squares = 0;
  for (int value : values) {
    squares += Square()(value);
  }
  REQUIRE(thrust::transform_reduce(on_device.begin(), on_device.end(), Square(), 0LL,
                                   thrust::plus<long long>()) == squares);
  REQUIRE(thrust::count_if(on_device.begin(), on_device.end(), IsOdd())
          == std::count_if(values.begin(), values.end(), IsOdd()));

  thrust::sort(on_device.begin(), on_device.end());
  std::sort(values.begin(), values.end());
  REQUIRE(std::vector<int>(on_device.begin(), on_device.end()) == values);
  REQUIRE(thrust::binary_search(on_device.begin(), on_device.end(), values[COUNT / 3]));
  REQUIRE(thrust::lower_bound(on_device.begin(), on_device.end(), values[COUNT / 3])
              - on_device.begin()
          == std::lower_bound(values.begin(), values.end(), values[COUNT / 3]) - values.begin());

  thrust::device_vector<int> keys(COUNT);
  thrust::device_vector<int> sums(COUNT);
  auto ends = thrust::reduce_by_key(on_device.begin(), on_device.end(),
                                    thrust::counting_iterator<int>(0), keys.begin(),
                                    sums.begin());
  std::map<int, int> expected;
  for (int i = 0; i < COUNT; i++) {
    expected[values[i]] += i;
  }
  REQUIRE(ends.first - keys.begin() == static_cast<int>(expected.size()));
  std::vector<int> keys_found(keys.begin(), ends.first);
  std::vector<int> sums_found(sums.begin(), ends.second);
  int place = 0;
  for (const auto &[key, sum] : expected) {
    REQUIRE(keys_found[place] == key && sums_found[place] == sum);
    place++;
  }

  thrust::device_vector<int> common(COUNT);
  auto end = thrust::set_intersection(on_device.begin(), on_device.end(),
                                      thrust::counting_iterator<int>(100),
                                      thrust::counting_iterator<int>(300), common.begin());
  std::vector<int> found(common.begin(), end);
  std::vector<int> wanted;
  for (const auto &entry : expected) {
    if (entry.first >= 100 && entry.first < 300) {
      wanted.push_back(entry.first);
    }
  }
  REQUIRE(found == wanted);
}

int main() {
  radix_sort<float>(1000);
  merge_sort();
  reduce_and_scan();
  select_and_count();
  with_thrust();
  return pass();
}
