#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiles every .cu file of this directory to PTX, into this directory or the one that is given.
# The checked-in .ptx files were made in this way by nvcc of CUDA 13.0. A source that needs more than
# compute_75 says so in a line `// nvcc: compute_80`. The names of source files in the output are
# stripped of their directories, so that it doesn't depend on the machine.
set -eu
out=$(cd "${1:-$(dirname "$0")}" && pwd)
cd "$(dirname "$0")"
for source in *.cu; do
  target=$out/${source%.cu}.ptx
  arch=$(sed -n 's|^// nvcc: ||p' "$source")
  nvcc -std=c++17 -ptx -arch="${arch:-compute_75}" -O3 --generate-line-info -o "$target.new" "$source"
  sed 's|^\([[:blank:]]*\.file[[:blank:]]*[0-9]* "\).*/|\1|' "$target.new" > "$target"
  rm "$target.new"
done
