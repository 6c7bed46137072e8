# SPDX-License-Identifier: Apache-2.0
"""JAX: a compiled function, its gradient and a product."""
import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
import jax
import jax.numpy as np

x = np.arange(4096, dtype=np.float32) / 64
wave = jax.jit(lambda t: (np.sin(t) * t).sum())
print("value", float(wave(x)))
print("gradient", float(jax.grad(wave)(x).sum()))
m = (np.arange(256 * 256) % 5).reshape(256, 256).astype(np.float32)
print("product", float((m @ m).sum()))
