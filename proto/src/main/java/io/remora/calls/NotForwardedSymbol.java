// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

/**
 * A symbol of the driver that answers {@code CUDA_ERROR_NOT_SUPPORTED}.
 *
 * @param symbol e.g. {@code cuGraphCreate}
 * @param group heading on the coverage page
 */
public record NotForwardedSymbol(String symbol, String group) {}
