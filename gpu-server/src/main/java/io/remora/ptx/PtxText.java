// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * One PTX text of several that are linked.
 *
 * @param name what messages call it
 * @param text the source; a trailing NUL, as CUDA's images have, is ignored
 */
public record PtxText(String name, String text) {}
