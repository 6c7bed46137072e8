// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

/**
 * A symbol that {@code libcuda.so.1} exports.
 *
 * @param symbol e.g. {@code cuMemAlloc_v2}
 * @param since the CUDA version that introduced it, e.g. 3020 for 3.2
 */
public record AbiSymbol(String symbol, int since) {

  /** Whether stream 0 means the calling thread's own stream in this variant. */
  public boolean perThreadStream() {
    return symbol.endsWith("_ptds") || symbol.endsWith("_ptsz");
  }
}
