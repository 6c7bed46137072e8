// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * A module-scope variable that needs a place in device memory. The module only tells its size; the
 * caller of {@link PtxModule#instantiate} chooses the address.
 *
 * @param name its symbol
 * @param space which state space declares it
 * @param bytes its length in bytes; at least 1
 * @param alignment its alignment in bytes, a power of two
 * @param visible whether the symbol is {@code .visible} (or {@code .weak}/{@code .common}), thus
 *     meant to be found by name; nvcc also leaves this out, so callers should look up any name
 */
public record PtxGlobal(String name, Space space, long bytes, int alignment, boolean visible) {

  /** State space of a module-scope variable. */
  public enum Space {
    /** {@code .global}: readable and writable. */
    GLOBAL,
    /** {@code .const}: read-only for kernels. */
    CONST
  }
}
