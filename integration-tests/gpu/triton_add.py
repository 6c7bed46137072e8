# SPDX-License-Identifier: Apache-2.0
"""A Triton kernel that adds vectors."""
import torch
import triton
import triton.language as tl


@triton.jit
def add(x, y, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    tl.store(out + at, tl.load(x + at, mask=inside) + tl.load(y + at, mask=inside), mask=inside)


n = 98432
x = torch.arange(n, device="cuda", dtype=torch.float32)
y = x * 2
out = torch.empty_like(x)
add[(triton.cdiv(n, 1024),)](x, y, out, n, BLOCK=1024)
print("add", torch.equal(out, x + y))
