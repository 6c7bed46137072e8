// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * One PTX text of several that are linked.
 *
 * @param name what messages call it
 * @param text the source; a trailing NUL, as CUDA's images have, is ignored
 * @param isMember whether it is taken only if the others need it, as the members of an archive are
 */
public record PtxText(String name, String text, boolean isMember) {
  /** A text that is taken whatever is in it. */
  public PtxText(String name, String text) {
    this(name, text, false);
  }
}
