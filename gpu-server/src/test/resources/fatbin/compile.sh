#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the images of this directory with nvcc of CUDA 13.0.
set -eu
cd "$(dirname "$0")"
for name in add_one; do
  both="-gencode arch=compute_75,code=compute_75 -gencode arch=compute_90,code=compute_90"
  nvcc -fatbin $both --no-compress -o $name.plain.fatbin $name.cu
  nvcc -fatbin $both -Xfatbin=-compress-all --compress-mode=speed -o $name.lz4.fatbin $name.cu
  nvcc -fatbin $both -Xfatbin=-compress-all --compress-mode=size -o $name.zstd.fatbin $name.cu
  nvcc -fatbin -gencode arch=compute_75,code=sm_75 -o $name.sm_75.fatbin $name.cu
  nvcc -cubin -arch=sm_75 -o $name.cubin $name.cu
done
