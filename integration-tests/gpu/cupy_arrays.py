# SPDX-License-Identifier: Apache-2.0
"""CuPy: elementwise work, a product, a transform, a kernel of its own, two streams."""
import cupy

x = cupy.arange(1 << 20, dtype=cupy.float64) / 1024
print("sum", float(cupy.sqrt(x).sum()))
m = cupy.arange(512 * 512, dtype=cupy.float32).reshape(512, 512) % 7
print("product", float((m @ m.T).sum()))
print("transform", round(float(cupy.abs(cupy.fft.fft(x)).max()), 3))
square = cupy.ElementwiseKernel("float64 a", "float64 b", "b = a * a", "square")
print("kernel", float(square(x).sum()))
streams = [cupy.cuda.Stream() for _ in range(2)]
parts = []
for stream in streams:
    with stream:
        parts.append(x.sum())
for stream in streams:
    stream.synchronize()
print("streams", [float(part) for part in parts])
