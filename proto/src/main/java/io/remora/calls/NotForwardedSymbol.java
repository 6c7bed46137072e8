// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

/**
 * A symbol of the driver that answers {@code CUDA_ERROR_NOT_SUPPORTED}.
 *
 * @param symbol e.g. {@code cuGraphCreate}
 * @param since the CUDA version that introduced it, e.g. 10000 for 10.0
 * @param group heading on the coverage page
 */
public record NotForwardedSymbol(String symbol, int since, String group) {}
