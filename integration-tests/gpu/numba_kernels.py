# SPDX-License-Identifier: Apache-2.0
"""Numba kernels: adds vectors and sums by atomics, and prints what must be the same everywhere."""
import numpy
from numba import cuda


@cuda.jit
def add(a, b, total):
    i = cuda.grid(1)
    if i < a.size:
        total[i] = a[i] + b[i]


@cuda.jit
def count(values, bins):
    i = cuda.grid(1)
    if i < values.size:
        cuda.atomic.add(bins, values[i] % bins.size, 1)


n = 1 << 20
a = numpy.arange(n, dtype=numpy.float32)
b = (a * 3 + 1).astype(numpy.float32)
out = cuda.device_array(n, dtype=numpy.float32)
add[(n + 255) // 256, 256](cuda.to_device(a), cuda.to_device(b), out)
print("add", numpy.array_equal(out.copy_to_host(), a + b))
bins = cuda.to_device(numpy.zeros(64, dtype=numpy.int32))
count[(n + 255) // 256, 256](cuda.to_device(numpy.arange(n, dtype=numpy.int32)), bins)
print("count", bins.copy_to_host().tolist())
